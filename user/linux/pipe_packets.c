/* Pipes in packets, and how much a user's pipes may hold. */
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

static void setting(const char *name, const char *value) {
    char path[64];
    snprintf(path, sizeof path, "/proc/sys/fs/%s", name);
    int file = open(path, O_WRONLY);
    CALL(write(file, value, strlen(value)));
    close(file);
}

static void show(const char *name) {
    char path[64], text[32] = {0};
    snprintf(path, sizeof path, "/proc/sys/fs/%s", name);
    int file = open(path, O_RDONLY);
    if (read(file, text, sizeof text - 1) <= 0)
        strcpy(text, "?\n");
    printf("%s %s", name, text);
    fflush(stdout);
    close(file);
}

static void packets(void) {
    static char much[10000], into[10000];
    int ends[2], waiting;
    CALL(pipe2(ends, O_DIRECT | O_NONBLOCK));
    CHECK(fcntl(ends[1], F_GETFL) & O_DIRECT);
    CALL(write(ends[1], "first", 5));
    CALL(write(ends[1], "second", 6));
    CALL(ioctl(ends[0], FIONREAD, &waiting));
    SHOW("waiting", "%d", waiting);
    CALL(read(ends[0], into, sizeof into));
    CALL(read(ends[0], into, 3));
    SHOW("begins", "%.3s", into);
    CALL(read(ends[0], into, sizeof into));
    CALL(write(ends[1], much, sizeof much));
    for (int turn = 0; turn < 4; turn++)
        CALL(read(ends[0], into, sizeof into));
    CALL(write(ends[1], "packet", 6));
    CALL(fcntl(ends[1], F_SETFL, O_NONBLOCK));
    CALL(write(ends[1], "bytes", 5));
    CALL(write(ends[1], "more", 4));
    CALL(fcntl(ends[1], F_SETFL, O_NONBLOCK | O_DIRECT));
    CALL(write(ends[1], "last", 4));
    CALL(read(ends[0], into, sizeof into));
    CALL(read(ends[0], into, 11));
    CALL(read(ends[0], into, sizeof into));
    close(ends[0]), close(ends[1]);
}

/* However small packets are, each has a page for itself. */
static void many(void) {
    int ends[2], count = 0;
    char byte;
    CALL(pipe2(ends, O_DIRECT | O_NONBLOCK));
    while (write(ends[1], "x", 1) == 1)
        count++;
    SHOW("packets of a byte", "%d %s", count, strerrorname_np(errno));
    struct pollfd room = { ends[1], POLLOUT, 0 };
    CALL(poll(&room, 1, 0));
    CALL(fcntl(ends[0], F_SETPIPE_SZ, 4096));
    CALL(read(ends[0], &byte, 1));
    CALL(poll(&room, 1, 0));
    CALL(write(ends[1], "two", 3));
    CALL(write(ends[1], "three", 5));
    close(ends[0]), close(ends[1]);
}

static void sizes(const char *who) {
    int ends[2];
    CALL(pipe(ends));
    SHOW(who, "%d", fcntl(ends[0], F_GETPIPE_SZ));
    CALL(fcntl(ends[0], F_SETPIPE_SZ, 1 << 14));
    CALL(fcntl(ends[0], F_SETPIPE_SZ, 1 << 17));
    CALL(fcntl(ends[0], F_SETPIPE_SZ, (1 << 16) + 1));
    CALL(fcntl(ends[0], F_SETPIPE_SZ, 0));
    CALL(fcntl(ends[0], F_SETPIPE_SZ, 0x80000001));
    close(ends[0]), close(ends[1]);
}

int main(void) {
    packets();
    many();
    show("pipe-max-size");
    show("pipe-user-pages-soft");
    show("pipe-user-pages-hard");
    show("lease-break-time");
    setting("pipe-max-size", "30000\n");
    show("pipe-max-size");
    setting("pipe-max-size", "-1\n");
    sizes("the super-user's");
    fflush(stdout);
    if (fork() == 0) {
        CALL(setuid(4321));
        sizes("a user's");
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    setting("pipe-max-size", "1048576\n");
    setting("pipe-user-pages-soft", "20\n");
    fflush(stdout);
    if (fork() == 0) {
        int ends[4][2];
        CALL(setuid(4321));
        for (int turn = 0; turn < 4; turn++) {
            CALL(pipe(ends[turn]));
            SHOW("of four", "%d", fcntl(ends[turn][0], F_GETPIPE_SZ));
        }
        CALL(fcntl(ends[0][0], F_SETPIPE_SZ, 1 << 17));
        CALL(fcntl(ends[0][0], F_SETPIPE_SZ, 1 << 12));
        CALL(fcntl(ends[1][0], F_SETPIPE_SZ, 1 << 14));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    setting("pipe-user-pages-hard", "20\n");
    fflush(stdout);
    if (fork() == 0) {
        int ends[4][2];
        CALL(setuid(4321));
        for (int turn = 0; turn < 4; turn++)
            CALL(pipe(ends[turn]));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    setting("pipe-user-pages-hard", "0\n");
    setting("pipe-user-pages-soft", "16384\n");
    END();
}
