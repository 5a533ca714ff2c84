/* fork, vfork, clone, exec, wait, groups, sessions, limits, identity, timers, clocks. */
#include "check.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

static int shared_value;
static int clone_main(void *argument) { shared_value = *(int *)argument; return 5; }

static void family(void) {
    int status;
    pid_t child = fork();
    if (child == 0) _exit(300);
    waitpid(child, &status, 0);
    SHOW("exit", "%d", WEXITSTATUS(status));
    child = vfork();
    if (child == 0) { shared_value = 11; _exit(0); }
    SHOW("vfork", "%d", shared_value);
    waitpid(child, NULL, 0);
    static char stack[65536];
    int value = 33;
    child = clone(clone_main, stack + sizeof stack, CLONE_VM | SIGCHLD, &value);
    waitpid(child, &status, 0);
    SHOW("clone", "%d %d", shared_value, WEXITSTATUS(status));
    CALL(waitpid(-1, &status, WNOHANG));
    child = fork();
    if (child == 0) { pause(); _exit(0); }
    CALL(waitpid(child, &status, WNOHANG));
    CALL(waitpid(child, &status, 0x1000));
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    SHOW("killed", "%x", status);
    child = fork();
    if (child == 0) abort();
    waitpid(child, &status, 0);
    SHOW("aborted", "%d", WTERMSIG(status));
    /* An orphan's parent is init, or who adopts. */
    int pipes[2]; pipe(pipes);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    child = fork();
    if (child == 0) {
        if (fork() == 0) { usleep(30000); char is = getppid() != 1; write(pipes[1], &is, 1); _exit(6); }
        _exit(0);
    }
    waitpid(child, NULL, 0);
    char adopted; read(pipes[0], &adopted, 1);
    SHOW("adopted", "%d", adopted);
    CHECK(wait(&status) > 0);
    SHOW("orphan", "%d", WEXITSTATUS(status));
}

static void groups(void) {
    pid_t child = fork();
    int status;
    if (child == 0) {
        CHECK(setpgid(0, 0) == 0);
        CHECK(getpgrp() == getpid());
        CALL(setsid());
        pid_t grandchild = fork();
        if (grandchild == 0) {
            CHECK(setsid() == getpid());
            CHECK(getsid(0) == getpid());
            CALL(setpgid(0, 0));
            _exit(failures);
        }
        waitpid(grandchild, &status, 0);
        kill(0, SIGTERM);
        pause();
    }
    waitpid(child, &status, 0);
    SHOW("group killed", "%d", WTERMSIG(status));
    CALL(getpgid(999999));
    CALL(setpgid(999999, 0));
    CALL(setpgid(0, 999999));
}

static void executing(char *self) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        int kept = open("/dev/null", O_RDONLY), closed = open("/dev/null", O_RDONLY | O_CLOEXEC);
        char one[16], two[16]; sprintf(one, "%d", kept); sprintf(two, "%d", closed);
        signal(SIGUSR1, SIG_IGN);
        char *arguments[] = { "renamed", "check", one, two, NULL };
        char *environment[] = { "A=b", NULL };
        execve(self, arguments, environment);
        _exit(1);
    }
    waitpid(child, &status, 0);
    SHOW("executed", "%d", WEXITSTATUS(status));
    char *none[] = { NULL };
    CALL(execve("/nonexistent", none, none));
    CALL(execve("/etc/passwd", none, none));
    CALL(execve("/", none, none));
    CALL(execve(NULL, none, none));
    CALL(execve(self, (char **)8, none));
    FILE *script = fopen("script", "w");
    fprintf(script, "#!%s script-argument\n", self);
    fclose(script);
    chmod("script", 0755);
    child = fork();
    if (child == 0) { execl("./script", "./script", "x", NULL); _exit(1); }
    waitpid(child, &status, 0);
    SHOW("script", "%d", WEXITSTATUS(status));
}

static volatile int fired;
static void on_timer(int signal, siginfo_t *info, void *context) {
    (void)signal; (void)context;
    fired += info->si_value.sival_int;
}

static void timing(void) {
    struct timespec time, resolution;
    CALL(clock_gettime(CLOCK_MONOTONIC, &time));
    CALL(clock_getres(CLOCK_MONOTONIC, &resolution));
    SHOW("resolution", "%ld", resolution.tv_nsec);
    CALL(clock_gettime(12345, &time));
    CALL(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time));
    CALL(clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ 0, 10000000 }, NULL));
    CALL(nanosleep(&(struct timespec){ 0, 1000000000 }, NULL));
    CALL(nanosleep(&(struct timespec){ -1, 0 }, NULL));
    struct sigaction action = { .sa_sigaction = on_timer, .sa_flags = SA_SIGINFO };
    sigaction(SIGRTMIN, &action, NULL);
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 1 };
    timer_t timer;
    CALL(timer_create(CLOCK_MONOTONIC, &event, &timer));
    struct itimerspec setting = { { 0, 10000000 }, { 0, 10000000 } };
    CALL(timer_settime(timer, 0, &setting, NULL));
    for (int i = 0; i < 20 && fired < 3; i++) usleep(20000);
    CHECK(fired >= 3);
    CALL(timer_delete(timer));
    CALL(timer_delete(timer));
    CHECK(alarm(100) == 0);
    unsigned left = alarm(0);
    CHECK(left == 100 || left == 99);
    struct rusage usage;
    CALL(getrusage(RUSAGE_SELF, &usage));
    CALL(getrusage(5, &usage));
    struct tms ticks;
    OK(times(&ticks));
    volatile double work = 1;
    for (int i = 0; i < 30000000; i++) work *= 1.0000001;
    getrusage(RUSAGE_SELF, &usage);
    CHECK(usage.ru_utime.tv_sec > 0 || usage.ru_utime.tv_usec > 1000);
}

static void identity(void) {
    CALL(getuid()); CALL(getppid() > 0); CALL(gettid() == getpid());
    struct utsname name; uname(&name);
    SHOW("system", "%s %d", name.sysname, strncmp(name.release, "6.12", 4));
    char comm[16];
    CALL(prctl(PR_SET_NAME, "a-very-long-thread-name"));
    CALL(prctl(PR_GET_NAME, comm));
    SHOW("name", "%s", comm);
    CALL(prctl(12345, 0));
    CALL(getpriority(PRIO_PROCESS, 0));
    CALL(nice(5));
    CALL(sched_getscheduler(0));
    cpu_set_t cpus;
    CALL(sched_getaffinity(0, sizeof cpus, &cpus));
    SHOW("cpus", "%d", CPU_COUNT(&cpus) >= 1);
    CALL(sched_yield());
    struct rlimit limit;
    CALL(getrlimit(RLIMIT_STACK, &limit));
    SHOW("stack", "%ld", (long)limit.rlim_cur);
    CALL(getrlimit(99, &limit));
    CALL(syscall(12345));
    unsigned char random[16];
    CALL(syscall(SYS_getrandom, random, 16, 0));
    CALL(syscall(SYS_getrandom, random, 16, 99));
    pid_t child = fork();
    if (child == 0) {
        CALL(setgroups(0, NULL));
        CALL(setresgid(1000, 1000, 1000));
        CALL(setresuid(1000, 1000, 1000));
        CALL(setuid(0));
        CALL(open("/etc/shadow-does-not-exist", O_RDONLY));
        CALL(mkdir("/forbidden", 0755));
        CALL(kill(1, 0));
        CALL(nice(-10));
        CALL(sethostname("x", 1));
        _exit(0);
    }
    wait(NULL);
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "check")) {
        CALL(fcntl(atoi(argv[2]), F_GETFD));
        CALL(fcntl(atoi(argv[3]), F_GETFD));
        struct sigaction action; sigaction(SIGUSR1, NULL, &action);
        SHOW("ignored", "%d %s %s", action.sa_handler == SIG_IGN, argv[0], getenv("A"));
        return 23;
    }
    if (argc > 1 && !strcmp(argv[1], "script-argument")) {
        SHOW("script", "%d %s %s", argc, argv[2], argv[3]);
        return 24;
    }
    char self[256]; long length = readlink("/proc/self/exe", self, 255); self[length] = 0;
    family(); groups(); executing(self); timing(); identity();
    END();
}
