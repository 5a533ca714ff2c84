/* A thread waits while others add and remove: an entry that was taken out is not reported any more. */
#include "check.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

static int set;
static atomic_int generation, stale, seen, over;

/* Collects alone: what it reports was in the set when it began to look. */
static void *collect(void *unused) {
    struct epoll_event event;
    while (!over) {
        int lowest = generation;
        if (epoll_wait(set, &event, 1, 1) == 1) {
            seen++;
            if ((int)event.data.u32 < lowest) stale++;
        }
    }
    return unused;
}

int main(void) {
    pthread_t thread;
    set = epoll_create1(0);
    pthread_create(&thread, NULL, collect, NULL);
    int file = eventfd(1, 0), bad = 0;
    for (int i = 1; i <= 3000; i++) {
        struct epoll_event event = { .events = EPOLLIN, .data.u32 = (unsigned)i };
        bad += epoll_ctl(set, EPOLL_CTL_ADD, file, &event) != 0;
        if (i % 100 == 0) usleep(1000);
        bad += epoll_ctl(set, EPOLL_CTL_DEL, file, NULL) != 0;
        generation = i + 1;
    }
    over = 1;
    pthread_join(thread, NULL);
    SHOW("failed", "%d", bad);
    SHOW("reported after they were removed", "%d", stale);
    CHECK(seen > 0);
    END();
}
