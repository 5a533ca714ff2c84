/* Many entries in one set: numbers that are used again, entries that are taken out while they are ready. */
#include "check.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#define MANY 3000

static int files[MANY];

static int add(int set, int index) {
    struct epoll_event event = { .events = EPOLLIN, .data.u32 = (unsigned)index };
    return epoll_ctl(set, EPOLL_CTL_ADD, files[index], &event);
}

/* How many entries are ready, and whether each is reported once and is one of those that should be. */
static void reported(const char *what, int set, int step) {
    static struct epoll_event events[MANY];
    static char seen[MANY];
    memset(seen, 0, sizeof seen);
    int count = epoll_wait(set, events, MANY, 0), twice = 0, wrong = 0;
    for (int i = 0; i < count; i++) {
        unsigned index = events[i].data.u32;
        if (index >= MANY) { wrong++; continue; }
        twice += seen[index]++;
        wrong += step == 0 || index % step != 0;
    }
    SHOW(what, "%d ready, %d twice, %d wrong", count, twice, wrong);
}

int main(void) {
    struct rlimit many = { MANY + 100, MANY + 100 };
    CALL(setrlimit(RLIMIT_NOFILE, &many));
    int set = epoll_create1(0), bad = 0;
    for (int i = 0; i < MANY; i++) {
        files[i] = eventfd(0, 0);
        bad += add(set, i) != 0;
    }
    SHOW("refused", "%d", bad);
    CALL(add(set, 7));
    reported("none written", set, 0);
    for (int i = 0; i < MANY; i += 3) eventfd_write(files[i], 1);
    reported("every third", set, 3);
    /* Closed, and opened again under the same numbers: other files, not in the set. */
    for (int i = 0; i < MANY; i += 3) close(files[i]);
    for (int i = 0; i < MANY; i += 3) files[i] = eventfd(1, 0);
    reported("reopened", set, 0);
    bad = 0;
    for (int i = 0; i < MANY; i += 3) bad += add(set, i) != 0;
    SHOW("refused again", "%d", bad);
    reported("reopened and added", set, 3);
    bad = 0;
    for (int i = 0; i < MANY; i += 3)
        if (i % 6 != 0) bad += epoll_ctl(set, EPOLL_CTL_DEL, files[i], NULL) != 0;
    SHOW("not removed", "%d", bad);
    reported("every sixth", set, 6);
    /* Fewer at a time: all come in turn. */
    struct epoll_event few[100];
    int turns = 0, sum = 0;
    while (turns < 5) sum += epoll_wait(set, few, 100, 0), turns++;
    SHOW("five turns", "%d", sum);
    END();
}
