/* What is asked: accepts on every port given, and is not measured itself.
 *
 *     target accept PORT...    accepts and waits for the client to close
 *     target smtp PORT...      greets at once, answers EHLO and QUIT (and all else by 250)
 *     target proxied PORT...   the same, but reads a PROXY v2 header before it greets, as a PROXY listener does
 */
#define _GNU_SOURCE /* accept4 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTENER = 1, HEADER, COMMANDS, SILENT };
static unsigned char what[1 << 20];
static const char greeting[] = "220 mail.example.org ESMTP\r\n";
static const char capabilities[] = "250-mail.example.org\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n"
                                   "250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n250 CHUNKING\r\n";
static const char bye[] = "221 2.0.0 Bye\r\n", fine[] = "250 2.0.0 Ok\r\n";

static void say(int fd, const char *text, size_t size)
{
    if (send(fd, text, size, MSG_NOSIGNAL) < 0)
        return; /* gone: its end of file follows */
}

static int listen_on(int port)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons(port)}; /* and IPv4, mapped */
    int on = 1, fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 65535)) {
        perror("target");
        exit(1);
    }
    return fd;
}

static void answer(int fd)
{
    char data[4096], *end;
    ssize_t size = recv(fd, data, sizeof data - 1, 0);
    if (size <= 0) {
        close(fd);
        return;
    }
    data[size] = 0;
    if (what[fd] == HEADER) {
        /* one segment holds it whole: 16 bytes, then as many as its last two say */
        say(fd, greeting, sizeof greeting - 1);
        what[fd] = COMMANDS;
    } else if (what[fd] == COMMANDS) {
        if (!strncasecmp(data, "EHLO", 4)) {
            say(fd, capabilities, sizeof capabilities - 1);
        } else if (!strncasecmp(data, "QUIT", 4)) {
            say(fd, bye, sizeof bye - 1);
            close(fd);
        } else {
            for (end = data; (end = strchr(end, '\n')); end++)
                say(fd, fine, sizeof fine - 1);
        }
    }
}

int main(int argc, char **argv)
{
    struct epoll_event events[256];
    int epoll = epoll_create1(0), first = SILENT;
    if (argc < 3)
        return 2;
    if (!strcmp(argv[1], "smtp"))
        first = COMMANDS;
    if (!strcmp(argv[1], "proxied"))
        first = HEADER;
    for (int i = 2; i < argc; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = listen_on(atoi(argv[i]))};
        what[event.data.fd] = LISTENER;
        epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
    }
    for (;;) {
        int ready = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd, accepted;
            if (what[fd] != LISTENER) {
                answer(fd);
                continue;
            }
            while ((accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                struct epoll_event event = {.events = EPOLLIN, .data.fd = accepted};
                what[accepted] = first;
                epoll_ctl(epoll, EPOLL_CTL_ADD, accepted, &event);
                if (first == COMMANDS)
                    say(accepted, greeting, sizeof greeting - 1);
            }
        }
    }
}
