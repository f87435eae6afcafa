/* The limit for handshakes: PROXY v2 header, 220, EHLO, 250, QUIT, 221, by a bare epoll loop.
 *
 *     handshakes COUNT IN_FLIGHT PORT
 *
 * Prints its own CPU seconds and how many came to the 221. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTING, GREETING, EHLO, QUIT };
static unsigned char state[1 << 16];
static int epoll;
static struct sockaddr_in to;

static void begin(void)
{
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct epoll_event event = {.events = EPOLLOUT, .data.fd = fd};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    state[fd] = CONNECTING;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void send_header(int fd)
{
    static const unsigned char start[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\1\x0a\0\x14\1\xc0\0\0\x19";
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    send(fd, start, sizeof start - 1, MSG_NOSIGNAL);
    epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
    state[fd] = GREETING;
}

/* Whether a whole reply is there: its last line has a space behind the code. */
static int whole(const char *data, ssize_t size)
{
    const char *line = data, *end;
    while ((end = memchr(line, '\n', data + size - line))) {
        if (end - line > 3 && line[3] == ' ')
            return 1;
        line = end + 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    long count, in_flight, begun = 0, ended = 0, succeeded = 0;
    struct epoll_event events[256];
    struct timespec cpu;
    char data[4096];

    if (argc < 4)
        return 2;
    count = atol(argv[1]), in_flight = atol(argv[2]);
    to.sin_family = AF_INET, to.sin_port = htons(atoi(argv[3])), to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    epoll = epoll_create1(0);
    for (; begun < in_flight && begun < count; begun++)
        begin();
    while (ended < count) {
        int ready = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            ssize_t size;
            if (state[fd] == CONNECTING) {
                send_header(fd);
                continue;
            }
            size = recv(fd, data, sizeof data, 0);
            if (size > 0 && !whole(data, size))
                continue;
            if (size > 0 && state[fd] == GREETING && !memcmp(data, "220", 3)) {
                send(fd, "EHLO mailpath.invalid\r\n", 23, MSG_NOSIGNAL), state[fd] = EHLO;
            } else if (size > 0 && state[fd] == EHLO && !memcmp(data, "250", 3)) {
                send(fd, "QUIT\r\n", 6, MSG_NOSIGNAL), state[fd] = QUIT;
            } else {
                succeeded += size > 0 && state[fd] == QUIT && !memcmp(data, "221", 3);
                close(fd);
                ended++;
                if (begun < count)
                    begin(), begun++;
            }
        }
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    printf("{\"cpu\": %ld.%09ld, \"done\": %ld, \"succeeded\": %ld}\n", cpu.tv_sec, cpu.tv_nsec, ended, succeeded);
    return 0;
}
