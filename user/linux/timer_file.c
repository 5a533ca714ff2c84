/* timerfd: counts of expirations, absolute times, what is refused. */
#include "check.h"
#include <poll.h>
#include <sys/timerfd.h>
#include <time.h>

int main(void) {
    int file = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    unsigned long long count;
    CALL(read(file, &count, 8));
    struct itimerspec value = { { 0, 5000000 }, { 0, 5000000 } }, old;
    CALL(timerfd_settime(file, 0, &value, NULL));
    nanosleep(&(struct timespec){ 0, 52000000 }, NULL);
    CALL(read(file, &count, 4));
    CALL(read(file, &count, 8));
    CHECK(count >= 8 && count < 100);
    CALL(timerfd_gettime(file, &old));
    SHOW("interval", "%ld", old.it_interval.tv_nsec);
    memset(&value, 0, sizeof value);
    CALL(timerfd_settime(file, 0, &value, &old));
    struct pollfd wait = { file, POLLIN, 0 };
    CALL(poll(&wait, 1, 20) <= 1);
    clock_gettime(CLOCK_MONOTONIC, &value.it_value);
    value.it_value.tv_sec -= 5;
    CALL(timerfd_settime(file, TFD_TIMER_ABSTIME, &value, NULL));
    CALL(poll(&wait, 1, 1000));
    CALL(read(file, &count, 8));
    SHOW("once", "%llu", count);
    value.it_value.tv_nsec = 1000000000;
    CALL(timerfd_settime(file, 0, &value, NULL));
    CALL(timerfd_settime(file, 99, &value, NULL));
    CALL(timerfd_settime(0, 0, &value, NULL));
    CALL(timerfd_create(77, 0));
    CALL(timerfd_create(CLOCK_REALTIME, 1));
    CALL(write(file, &count, 8));
    END();
}
