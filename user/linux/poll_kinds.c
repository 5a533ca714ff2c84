/* poll and select on every kind of file, at every state it can be in. */
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>

static void show(const char *what, int file) {
    struct pollfd item = { file, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0 };
    int count = poll(&item, 1, 0);
    SHOW(what, "%d %x", count, item.revents);
}

int main(void) {
    int ends[2], pair[2];
    pipe(ends);
    show("empty reader", ends[0]);
    show("writer", ends[1]);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    char block[4096] = { 0 };
    while (write(ends[1], block, sizeof block) > 0) {}
    show("full writer", ends[1]);
    show("full reader", ends[0]);
    read(ends[0], block, 1);
    show("writer less a byte", ends[1]);
    read(ends[0], block, 4095);
    show("writer less a page", ends[1]);
    close(ends[1]);
    show("reader alone", ends[0]);
    while (read(ends[0], block, sizeof block) > 0) {}
    show("at the end", ends[0]);
    pipe(ends);
    close(ends[0]);
    show("writer alone", ends[1]);
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    show("stream", pair[0]);
    close(pair[1]);
    show("stream alone", pair[0]);
    int file = open("file", O_RDWR | O_CREAT, 0600);
    show("file", file);
    show("directory", open(".", O_RDONLY));
    show("null", open("/dev/null", O_RDWR));
    show("zero", open("/dev/zero", O_RDWR));
    show("counter", eventfd(0, 0));
    show("set counter", eventfd(1, 0));
    show("closed", 99);
    show("negative", -1);
    fd_set read_set, write_set;
    FD_ZERO(&read_set);
    FD_ZERO(&write_set);
    FD_SET(file, &read_set);
    FD_SET(file, &write_set);
    CALL(select(file + 1, &read_set, &write_set, NULL, NULL));
    FD_SET(90, &read_set);
    CALL(select(91, &read_set, NULL, NULL, NULL));
    CALL(select(-1, NULL, NULL, NULL, NULL));
    struct timeval zero = { 0, 0 }, bad = { -1, 0 };
    CALL(select(0, NULL, NULL, NULL, &zero));
    CALL(select(0, NULL, NULL, NULL, &bad));
    END();
}
