/* Local datagrams and sequenced packets: bounds, senders, queues, what is cut. */
#include "check.h"
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static socklen_t name(struct sockaddr_un *address, const char *path) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    strcpy(address->sun_path, path);
    return sizeof *address;
}

int main(void) {
    struct sockaddr_un one_name, two_name, from;
    socklen_t length = name(&one_name, "one"), size;
    name(&two_name, "two");
    char text[64];
    signal(SIGPIPE, SIG_IGN);
    int one = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), two = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    CALL(bind(one, (void *)&one_name, length));
    CALL(listen(one, 1));
    CALL(accept(one, NULL, NULL));
    CALL(send(two, "x", 1, 0));
    CALL(sendto(two, "hello", 5, 0, (void *)&one_name, length));
    CALL(sendto(two, "", 0, 0, (void *)&one_name, length));
    CALL(sendto(two, "x", 1, 0, (void *)&two_name, length));
    int pending;
    CALL(ioctl(one, FIONREAD, &pending));
    SHOW("pending", "%d", pending);
    size = sizeof from;
    CALL(recvfrom(one, text, 3, MSG_PEEK, (void *)&from, &size));
    SHOW("from unnamed", "%u", size);
    CALL(recv(one, text, 3, MSG_TRUNC));
    CALL(recv(one, text, 3, 0));
    CALL(recv(one, text, 3, 0));
    CALL(bind(two, (void *)&two_name, length));
    CALL(connect(two, (void *)&one_name, length));
    CALL(send(two, "named", 5, 0));
    size = sizeof from;
    CALL(recvfrom(one, text, 64, 0, (void *)&from, &size));
    SHOW("from", "%u %s", size, from.sun_path);
    /* A queue of strangers' messages. */
    int count = 0;
    while (send(two, "fill", 4, 0) == 4) count++;
    SHOW("filled", "%d %s", count, strerrorname_np(errno));
    struct pollfd file = { two, POLLOUT, 0 };
    SHOW("writable", "%d", poll(&file, 1, 0));
    recv(one, text, 64, 0);
    SHOW("writable", "%d", poll(&file, 1, 0));
    /* Who is connected hears its peer alone. */
    int three = socket(AF_UNIX, SOCK_DGRAM, 0);
    CALL(connect(one, (void *)&two_name, length));
    CALL(sendto(three, "x", 1, 0, (void *)&one_name, length));
    CALL(connect(three, (void *)&one_name, length));
    struct sockaddr none = { AF_UNSPEC };
    CALL(connect(one, &none, sizeof none));
    CALL(sendto(three, "x", 1, MSG_DONTWAIT, (void *)&one_name, length));
    close(one);
    CALL(send(two, "x", 1, 0));
    CALL(send(two, "x", 1, 0));
    CALL(sendto(two, "x", 1, 0, (void *)&one_name, length));
    char *large = calloc(1, 300000);
    CALL(sendto(three, large, 300000, 0, (void *)&two_name, length));
    CALL(sendto(three, large, 100000, 0, (void *)&two_name, length));
    CALL(recv(two, large, 300000, 0));
    int stream = socket(AF_UNIX, SOCK_STREAM, 0);
    CALL(connect(stream, (void *)&two_name, length));
    /* Sequenced packets. */
    int pair[2];
    CALL(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair));
    CALL(send(pair[0], "first", 5, 0));
    CALL(send(pair[0], "second", 6, 0));
    CALL(recv(pair[1], text, 2, 0));
    CALL(recv(pair[1], text, 64, 0));
    CALL(recv(pair[1], text, 64, 0));
    CALL(write(pair[1], "back", 4));
    CALL(shutdown(pair[1], SHUT_WR));
    CALL(recv(pair[0], text, 64, 0));
    CALL(recv(pair[0], text, 64, 0));
    CALL(send(pair[1], "x", 1, 0));
    CALL(send(pair[0], "x", 1, 0));
    close(pair[1]);
    CALL(send(pair[0], "x", 1, 0));
    int packet = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    CALL(send(packet, "x", 1, 0));
    CALL(recv(packet, text, 1, 0));
    /* A name that nobody gave. */
    int any = socket(AF_UNIX, SOCK_DGRAM, 0);
    sa_family_t family = AF_UNIX;
    CALL(bind(any, (void *)&family, sizeof family));
    size = sizeof from;
    CALL(getsockname(any, (void *)&from, &size));
    SHOW("automatic", "%u %d", size, from.sun_path[0]);
    END();
}
