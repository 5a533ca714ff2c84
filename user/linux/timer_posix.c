/* POSIX timers: one shot, periods, absolute times, what is refused. */
#include "check.h"
#include <signal.h>
#include <time.h>

int main(void) {
    sigset_t set;
    siginfo_t info;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 7 };
    timer_t timer, silent;
    CALL(timer_create(CLOCK_MONOTONIC, &event, &timer));
    struct itimerspec once = { { 0, 0 }, { 1000, 10000000 } }, left;
    CALL(timer_settime(timer, 0, &once, NULL));
    timer_gettime(timer, &left);
    CHECK(left.it_value.tv_sec > 900 && left.it_value.tv_sec <= 1000);
    once.it_value.tv_sec = 0;
    CALL(timer_settime(timer, 0, &once, NULL));
    sigwaitinfo(&set, &info);
    SHOW("fired", "%d %d %d", info.si_code == SI_TIMER, info.si_value.sival_int, info.si_overrun);
    timer_gettime(timer, &left);
    SHOW("disarmed", "%ld %ld", left.it_value.tv_sec, left.it_value.tv_nsec);
    struct itimerspec often = { { 0, 5000000 }, { 0, 5000000 } };
    timer_settime(timer, 0, &often, NULL);
    nanosleep(&(struct timespec){ 0, 60000000 }, NULL);
    sigwaitinfo(&set, &info);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct itimerspec past = { { 0, 0 }, { now.tv_sec - 1, 0 } };
    timer_settime(timer, TIMER_ABSTIME, &past, NULL);
    CHECK(sigwaitinfo(&set, &info) == SIGRTMIN);
    event.sigev_notify = SIGEV_NONE;
    CALL(timer_create(CLOCK_REALTIME, &event, &silent));
    CALL(timer_settime(silent, 0, &once, NULL));
    CALL(timer_settime(silent, 0, &(struct itimerspec){ { 0, 0 }, { 0, 2000000000 } }, NULL));
    CALL(timer_delete(timer));
    CALL(timer_delete(timer));
    CALL(timer_create(99, &event, &timer));
    event.sigev_notify = 77;
    CALL(timer_create(CLOCK_REALTIME, &event, &timer));
    END();
}
