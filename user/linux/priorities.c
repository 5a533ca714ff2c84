/* Policies and priorities of threads, of the processor and of input and output. */
#include "check.h"
#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PRIORITY(class, level) ((class) << 13 | (level))
#define SET(which, who, priority) syscall(SYS_ioprio_set, which, who, priority)
#define GET(which, who) syscall(SYS_ioprio_get, which, who)

struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t minimum, maximum;
};

static void show(const char *what) {
    struct attributes now = { 0 };
    long result = syscall(SYS_sched_getattr, 0, &now, sizeof now, 0);
    SHOW("attributes", "%s: %ld, size %u policy %u flags %lu nice %d priority %u, policy %d", what, result, now.size,
         now.policy, (unsigned long)now.flags, now.nice, now.priority, sched_getscheduler(0));
}

int main(int count, char **arguments) {
    if (count > 1) {
        SHOW("after exec", "%ld", GET(1, 0));
        show(arguments[1]);
        return 0;
    }
    setsid();
    CALL(GET(1, 0));
    CALL(GET(2, 0));
    CALL(SET(1, 0, PRIORITY(2, 3)));
    CALL(GET(1, 0));
    CALL(GET(1, getpid()) == GET(2, 0));
    CALL(SET(1, 0, PRIORITY(2, 8)));
    CALL(GET(1, 0));
    CALL(SET(1, 0, PRIORITY(0, 8)));
    CALL(GET(1, 0));
    CALL(SET(1, 0, PRIORITY(4, 0)));
    CALL(SET(1, 0, PRIORITY(0, 1)));
    CALL(SET(0, 0, PRIORITY(2, 0)));
    CALL(SET(4, 0, PRIORITY(2, 0)));
    CALL(GET(4, 0));
    CALL(SET(1, 999999, PRIORITY(2, 0)));
    CALL(SET(1, 0, PRIORITY(1, 0)));
    CALL(SET(1, 0, PRIORITY(3, 0)));
    CALL(GET(1, 0));
    pid_t child = fork();
    if (child == 0) {
        SHOW("child", "%ld", GET(1, 0));
        setuid(1000);
        CALL(SET(1, 0, PRIORITY(1, 0)));
        CALL(SET(1, 1, PRIORITY(2, 0)));
        CALL(SET(1, 0, PRIORITY(2, 7)));
        SHOW("parent", "%ld", GET(1, getppid()));
        _exit(0);
    }
    waitpid(child, NULL, 0);
    SHOW("still", "%ld", GET(1, 0));

    show("first");
    struct sched_param none = { 0 };
    CALL(sched_setscheduler(0, SCHED_BATCH, &none));
    show("batch");
    struct attributes wanted = { .size = sizeof wanted, .policy = SCHED_IDLE, .nice = 5 };
    CALL(syscall(SYS_sched_setattr, 0, &wanted, 0));
    show("idle");
    wanted.size = 47;
    CALL(syscall(SYS_sched_setattr, 0, &wanted, 0));
    SHOW("the size that is known", "%u", wanted.size);
    wanted.size = sizeof wanted, wanted.policy = 77;
    CALL(syscall(SYS_sched_setattr, 0, &wanted, 0));
    wanted.policy = SCHED_OTHER;
    CALL(syscall(SYS_sched_setattr, 0, &wanted, 1));
    CALL(syscall(SYS_sched_setattr, 0, NULL, 0));
    CALL(syscall(SYS_sched_setattr, 999999, &wanted, 0));
    wanted.priority = 1;
    CALL(syscall(SYS_sched_setattr, 0, &wanted, 0));
    CALL(syscall(SYS_sched_getattr, 0, &wanted, 47, 0));
    CALL(syscall(SYS_sched_getattr, 0, &wanted, 48, 1));
    CALL(syscall(SYS_sched_getattr, -1, &wanted, 48, 0));
    CALL(syscall(SYS_sched_getattr, 0, &wanted, 48, 0));
    SHOW("short", "%u", wanted.size);
    fflush(stdout);
    if (fork() == 0) execl("/proc/self/exe", arguments[0], "exec", NULL);
    wait(NULL);
    END();
}
