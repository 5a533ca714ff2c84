/* setitimer: real, virtual and profiling time, and alarm. */
#include "check.h"
#include <signal.h>
#include <sys/time.h>
#include <time.h>

static volatile int got;

static void handler(int signal) {
    got = signal;
}

int main(void) {
    signal(SIGALRM, handler);
    signal(SIGVTALRM, handler);
    signal(SIGPROF, handler);
    SHOW("alarm", "%u", alarm(100));
    SHOW("alarm", "%u", alarm(0));
    struct itimerval value = { { 0, 0 }, { 0, 20000 } }, old;
    /* A signal that is due waits until it is asked for, however long the host lets the guest stand. */
    sigset_t alarms, before;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    sigprocmask(SIG_BLOCK, &alarms, &before);
    CALL(setitimer(ITIMER_REAL, &value, NULL));
    sigsuspend(&before);
    SHOW("real", "%d", got);
    CALL(getitimer(ITIMER_REAL, &old));
    SHOW("left", "%ld %ld", (long)old.it_value.tv_sec, (long)old.it_value.tv_usec);
    CALL(setitimer(ITIMER_VIRTUAL, &value, NULL));
    while (got != SIGVTALRM) {}
    CALL(setitimer(ITIMER_PROF, &value, NULL));
    while (got != SIGPROF) {}
    SHOW("profiling", "%d", got);
    value.it_interval.tv_usec = 10000;
    CALL(setitimer(ITIMER_REAL, &value, NULL));
    for (int i = 0; i < 5; i++) sigsuspend(&before);
    memset(&value, 0, sizeof value);
    CALL(setitimer(ITIMER_REAL, &value, &old));
    SHOW("interval", "%ld", (long)old.it_interval.tv_usec);
    value.it_value.tv_usec = 1000000;
    CALL(setitimer(ITIMER_REAL, &value, NULL));
    CALL(setitimer(9, &value, NULL));
    END();
}
