/* Epoll: level, edge and one-shot, changes of interest, what goes with a descriptor. */
#include "check.h"
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

static void wait_for(int set) {
    struct epoll_event events[4];
    int count = epoll_wait(set, events, 4, 10);
    SHOW("ready", "%d %x", count, count > 0 ? events[0].events : 0);
}

int main(void) {
    int set = epoll_create1(EPOLL_CLOEXEC), ends[2];
    pipe(ends);
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = 0x1122334455667788 };
    CALL(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event));
    CALL(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event));
    wait_for(set);
    write(ends[1], "ab", 2);
    wait_for(set);
    wait_for(set);
    event.events = EPOLLIN | EPOLLET;
    CALL(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event));
    wait_for(set);
    wait_for(set);
    write(ends[1], "c", 1);
    wait_for(set);
    wait_for(set);
    event.events = EPOLLIN | EPOLLONESHOT;
    CALL(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event));
    wait_for(set);
    write(ends[1], "d", 1);
    wait_for(set);
    CALL(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event));
    wait_for(set);
    event.events = EPOLLIN | EPOLLRDHUP;
    CALL(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event));
    close(ends[1]);
    wait_for(set);
    int copy = dup(ends[0]);
    close(ends[0]);
    wait_for(set);
    close(copy);
    wait_for(set);
    int counter = eventfd(0, EFD_NONBLOCK), inner = epoll_create1(0);
    event.events = EPOLLIN | EPOLLOUT;
    CALL(epoll_ctl(inner, EPOLL_CTL_ADD, counter, &event));
    event.events = EPOLLIN;
    CALL(epoll_ctl(set, EPOLL_CTL_ADD, inner, &event));
    wait_for(set);
    CALL(epoll_ctl(inner, EPOLL_CTL_ADD, set, &event));
    CALL(epoll_ctl(set, EPOLL_CTL_ADD, set, &event));
    CALL(epoll_ctl(set, EPOLL_CTL_DEL, counter, NULL));
    CALL(epoll_ctl(inner, EPOLL_CTL_DEL, counter, NULL));
    wait_for(set);
    CALL(epoll_ctl(set, 77, counter, &event));
    int file = open("file", O_RDWR | O_CREAT, 0600);
    CALL(epoll_ctl(set, EPOLL_CTL_ADD, file, &event));
    CALL(epoll_wait(set, &event, 0, 0));
    CALL(epoll_wait(file, &event, 1, 0));
    END();
}
