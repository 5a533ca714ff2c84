/* Options of sockets, timeouts, and the calls on descriptors that are no sockets. */
#include "check.h"
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

static void get(int socket, const char *what, int option) {
    int value = -1;
    socklen_t length = sizeof value;
    errno = 0;
    int result = getsockopt(socket, SOL_SOCKET, option, &value, &length);
    SHOW(what, "%d %s %d %u", result, errno ? strerrorname_np(errno) : "-", value, length);
}

int main(void) {
    int pair[2], value = 1;
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    get(pair[0], "type", SO_TYPE);
    get(pair[0], "domain", SO_DOMAIN);
    get(pair[0], "protocol", SO_PROTOCOL);
    get(pair[0], "error", SO_ERROR);
    get(pair[0], "accepts", SO_ACCEPTCONN);
    get(pair[0], "send buffer", SO_SNDBUF);
    get(pair[0], "receive buffer", SO_RCVBUF);
    get(pair[0], "reuse", SO_REUSEADDR);
    get(pair[0], "unknown", 9999);
    CALL(setsockopt(pair[0], SOL_SOCKET, SO_REUSEADDR, &value, sizeof value));
    get(pair[0], "reuse", SO_REUSEADDR);
    CALL(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &value, sizeof value));
    get(pair[0], "credentials", SO_PASSCRED);
    CALL(setsockopt(pair[0], SOL_SOCKET, SO_TYPE, &value, sizeof value));
    CALL(setsockopt(pair[0], SOL_SOCKET, 9999, &value, sizeof value));
    CALL(setsockopt(pair[0], 77, 1, &value, sizeof value));
    CALL(setsockopt(pair[0], SOL_SOCKET, SO_REUSEADDR, &value, 2));
    CALL(setsockopt(pair[0], SOL_SOCKET, SO_REUSEADDR, (void *)1, 4));
    value = 20000;
    CALL(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &value, sizeof value));
    get(pair[0], "send buffer", SO_SNDBUF);
    value = 1;
    CALL(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &value, sizeof value));
    get(pair[0], "send buffer", SO_SNDBUF);
    struct timeval wait = { 0, 50000 };
    CALL(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait));
    /* Linux counts such a wait in ticks. After the host let the guest stand one of them counts for all that were missed, and
     * the wait is over early; one that is not will come. */
    char byte;
    long passed = 0;
    int again = 1;
    for (int tries = 0; tries < 50 && passed < 49; tries++) {
        struct timespec before, after;
        clock_gettime(CLOCK_MONOTONIC, &before);
        again &= read(pair[0], &byte, 1) == -1 && errno == EAGAIN;
        clock_gettime(CLOCK_MONOTONIC, &after);
        passed = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
    }
    CHECK(again);
    CHECK(passed >= 49);
    wait.tv_usec = 2000000;
    CALL(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait));
    struct timeval found;
    socklen_t length = sizeof found;
    CALL(getsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &found, &length));
    SHOW("timeout", "%ld %ld", (long)found.tv_sec, (long)found.tv_usec);
    CALL(shutdown(pair[0], 5));
    CALL(shutdown(0, SHUT_RD));
    CALL(listen(0, 1));
    CALL(accept(1, NULL, NULL));
    CALL(send(99, "x", 1, 0));
    void *bad = (void *)(long)value;
    CALL(getsockopt(pair[0], SOL_SOCKET, SO_TYPE, &length, bad));
    CALL(recv(pair[0], (void *)1, 5, MSG_DONTWAIT));
    CALL(write(pair[1], "byte", 4));
    CALL(recv(pair[0], (void *)1, 5, MSG_DONTWAIT));
    CALL(recv(pair[0], &byte, 1, MSG_DONTWAIT));
    CALL(lseek(pair[0], 0, SEEK_SET));
    CALL(pread(pair[0], &byte, 1, 0));
    CALL(ftruncate(pair[0], 0));
    CALL(fsync(pair[0]));
    CALL(socketpair(AF_UNIX, SOCK_STREAM, 0, bad));
    CALL(socketpair(12345, SOCK_STREAM, 0, pair));
    END();
}
