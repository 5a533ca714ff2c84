/* eventfd: sums, semaphores, overflow, blocking. */
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

static int waiting;

static void *reader(void *unused) {
    (void)unused;
    unsigned long long value = 0;
    return read(waiting, &value, 8) == 8 ? (void *)(long)value : NULL;
}

int main(void) {
    unsigned long long value = 5;
    int file = eventfd(3, EFD_NONBLOCK);
    CALL(write(file, &value, 8));
    CALL(read(file, &value, 8));
    SHOW("sum", "%llu", value);
    CALL(read(file, &value, 8));
    value = -1ULL;
    CALL(write(file, &value, 8));
    value = -2ULL;
    CALL(write(file, &value, 8));
    value = 1;
    CALL(write(file, &value, 8));
    struct pollfd wait = { file, POLLIN | POLLOUT, 0 };
    poll(&wait, 1, 0);
    SHOW("full", "%x", wait.revents);
    CALL(read(file, &value, 7));
    CALL(write(file, &value, 4));
    int semaphore = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    CALL(read(semaphore, &value, 8));
    SHOW("one", "%llu", value);
    CALL(read(semaphore, &value, 8));
    CALL(read(semaphore, &value, 8));
    waiting = eventfd(0, 0);
    pthread_t thread;
    pthread_create(&thread, NULL, reader, NULL);
    usleep(20000);
    value = 9;
    CALL(write(waiting, &value, 8));
    void *got;
    pthread_join(thread, &got);
    SHOW("thread read", "%ld", (long)got);
    CALL(eventfd(0, 77));
    END();
}
