/* The limit for TCP checks: a bare epoll loop, so many connects in flight, nothing learned but yes or no.
 *
 *     checks connect|silent COUNT IN_FLIGHT ADDRESSES PORT...
 *
 * Asks 127.1.0.1 and the ADDRESSES - 1 that follow it at each PORT in turn, COUNT times in all; prints its own CPU
 * seconds and how many succeeded. "connect" closes in order. "silent" does as HAProxy does on Linux: TCP_QUICKACK off,
 * linger 0, so that the handshake's last ACK never leaves and a reset does. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int epoll, silent, addresses, ports, *port_list;
static long begun;

static void begin(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    long turn = begun++ % ((long)addresses * ports);
    int off = 0, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct linger none = {1, 0};
    struct epoll_event event = {.events = EPOLLOUT | EPOLLONESHOT, .data.fd = fd};

    to.sin_addr.s_addr = htonl(0x7f010001u + turn / ports);
    to.sin_port = htons(port_list[turn % ports]);
    if (silent) {
        setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    }
    connect(fd, (struct sockaddr *)&to, sizeof to);
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int main(int argc, char **argv)
{
    long count, in_flight, ended = 0, succeeded = 0;
    struct epoll_event events[256];
    struct timespec cpu;

    if (argc < 6)
        return 2;
    silent = !strcmp(argv[1], "silent");
    count = atol(argv[2]), in_flight = atol(argv[3]), addresses = atoi(argv[4]), ports = argc - 5;
    port_list = calloc(ports, sizeof *port_list);
    for (int i = 0; i < ports; i++)
        port_list[i] = atoi(argv[5 + i]);
    epoll = epoll_create1(0);
    while (begun < in_flight && begun < count)
        begin();
    while (ended < count) {
        int ready = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            int error = 0;
            socklen_t size = sizeof error;
            if (events[i].events != EPOLLOUT)
                getsockopt(events[i].data.fd, SOL_SOCKET, SO_ERROR, &error, &size);
            close(events[i].data.fd);
            succeeded += !error, ended++;
            if (begun < count)
                begin();
        }
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    printf("{\"cpu\": %ld.%09ld, \"done\": %ld, \"succeeded\": %ld}\n", cpu.tv_sec, cpu.tv_nsec, ended, succeeded);
    return 0;
}
