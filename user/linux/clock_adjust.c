/* adjtimex and clock_adjtime: asking, and stepping the clock. */
#include "check.h"
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>

static long long seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

static void show(const struct timex *t, int state) {
    SHOW("clock", "%d: offset %ld freq %ld maxerror>0 %d esterror %ld status %#x constant %ld precision %ld "
         "tolerance %ld tick %ld tai %d", state, t->offset, t->freq, t->maxerror > 0, t->esterror, t->status,
         t->constant, t->precision, t->tolerance, t->tick, t->tai);
}

int main(void) {
    struct timex t = { 0 };
    int state = adjtimex(&t);
    show(&t, state);
    CHECK(t.time.tv_sec - seconds() <= 1 && t.time.tv_sec - seconds() >= -1 && t.time.tv_usec < 1000000);
    t.modes = ADJ_ESTERROR | ADJ_STATUS | ADJ_TAI;
    t.esterror = 1234, t.status = STA_PLL | STA_UNSYNC, t.constant = 37;
    state = clock_adjtime(CLOCK_REALTIME, &t);
    show(&t, state);
    memset(&t, 0, sizeof t);
    t.modes = ADJ_NANO;
    state = adjtimex(&t);
    SHOW("nano", "%d %#x", state, t.status);
    t.modes = ADJ_MICRO;
    adjtimex(&t);
    SHOW("micro", "%#x", t.status);
    long long before = seconds();
    t.modes = ADJ_SETOFFSET, t.time.tv_sec = 1000, t.time.tv_usec = 0;
    adjtimex(&t);
    CHECK(seconds() - before >= 1000 && seconds() - before < 1010);
    t.modes = ADJ_SETOFFSET, t.time.tv_sec = -1001, t.time.tv_usec = 999999;
    adjtimex(&t);
    CHECK(seconds() - before >= -1 && seconds() - before < 10);
    t.modes = ADJ_SETOFFSET, t.time.tv_sec = 0, t.time.tv_usec = 1000000;
    CALL(adjtimex(&t));
    t.modes = ADJ_TICK, t.tick = 1;
    CALL(adjtimex(&t));
    t.modes = 0;
    CALL(clock_adjtime(99, &t));
    CALL(clock_adjtime(CLOCK_MONOTONIC, &t));
    CALL(syscall(171, NULL));
    t.modes = ADJ_STATUS | ADJ_TAI, t.status = STA_UNSYNC, t.constant = 0;
    adjtimex(&t);
    if (fork() == 0) {
        setuid(1000);
        t.modes = 0;
        SHOW("may look", "%d", adjtimex(&t) >= 0);
        t.modes = ADJ_STATUS;
        CALL(adjtimex(&t));
        _exit(0);
    }
    wait(NULL);
    END();
}
