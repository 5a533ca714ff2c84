/* Which calls begin again after a handler, and which fail with EINTR. */
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

static int writes = -1;

static void handler(int signal) {
    (void)signal;
    if (writes >= 0 && write(writes, "x", 1) != 1) abort();
}

/* Again and again: if the host lets the guest stand until the first alarm has come before the call it
 * is for, the next one interrupts it. */
static void soon(void) {
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 50000 }, { 0, 50000 } }, NULL);
}

static void calm(void) {
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 0 } }, NULL);
}

int main(void) {
    int ends[2];
    char byte;
    pipe(ends);
    for (int restart = 0; restart < 2; restart++) {
        struct sigaction action = { .sa_handler = handler, .sa_flags = restart ? SA_RESTART : 0 };
        sigaction(SIGALRM, &action, NULL);
        SHOW("with SA_RESTART", "%d", restart);
        writes = restart ? ends[1] : -1;
        soon();
        CALL(read(ends[0], &byte, 1));
        writes = -1;
        soon();
        CALL(poll(NULL, 0, 2000));
        soon();
        CALL(select(0, NULL, NULL, NULL, &(struct timeval){ 2, 0 }));
        soon();
        struct timespec left = { 0, 0 };
        CALL(nanosleep(&(struct timespec){ 2, 0 }, &left));
        CHECK(left.tv_sec == 1);
        soon();
        CALL(pause());
        soon();
        sigset_t none;
        sigemptyset(&none);
        CALL(sigsuspend(&none));
        calm();
        pid_t child = fork();
        if (child == 0) { usleep(300000); _exit(3); }
        soon();
        int status = 0;
        CHECK((waitpid(child, &status, 0) == child) == restart);
        calm();
        if (!restart) waitpid(child, &status, 0);
        SHOW("status", "%d", WEXITSTATUS(status));
    }
    END();
}
