/* A handler's use of floating point registers is not seen by what it interrupted. */
#include "check.h"
#include <math.h>
#include <signal.h>
#include <sys/time.h>

static volatile int hits;
static volatile double waste;

static void handler(int signal) {
    (void)signal;
    double a = hits, b = 2, c = 3, d = 4;
    for (int i = 0; i < 50; i++) { a = a * b + c; b = b / d; c = c + a; d = d + 1; }
    waste = a + b + c + d;
    hits++;
}

int main(void) {
    signal(SIGALRM, handler);
    struct itimerval timer = { { 0, 2000 }, { 0, 2000 } };
    setitimer(ITIMER_REAL, &timer, NULL);
    double sum = 0;
    int wrong = 0;
    for (int round = 0; hits < 20; round++) {
        double a = round, b = a * 1.5, c = b - a, d = c * 2;
        for (int i = 0; i < 1000; i++) { a += 0.5; b += 0.25; c -= 0.125; d *= 1.0; }
        if (a != round + 500 || b != round * 1.5 + 250 || c != round * 0.5 - 125 || d != round) wrong++;
        sum = d - round;
    }
    SHOW("wrong", "%d %g", wrong, sum);
    CHECK(hits >= 20);
    END();
}
