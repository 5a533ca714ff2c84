/* Handlers, masks, queues, restarts, alternate stacks, frames with floating point state. */
#include "check.h"
#include <signal.h>
#include <sys/wait.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <pthread.h>
#include <poll.h>

static volatile sig_atomic_t count, last, code, value, nested, depth;
static volatile void *address;
static sigjmp_buf escape;

static void simple(int signal) { count++; last = signal; }

static void inform(int signal, siginfo_t *info, void *context) {
    count++; last = signal; code = info->si_code; value = info->si_value.sival_int; address = info->si_addr;
    (void)context;
}

static void install(int signal, void (*handler)(int), int flags) {
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

static void install_info(int signal, int flags) {
    struct sigaction action = { .sa_sigaction = inform, .sa_flags = SA_SIGINFO | flags };
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

static void on_fault(int signal, siginfo_t *info, void *context) {
    last = signal; code = info->si_code; address = info->si_addr;
    (void)context;
    siglongjmp(escape, 1);
}

static void faults(void) {
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    sigaction(SIGTRAP, &action, NULL);
    if (!sigsetjmp(escape, 1)) *(volatile int *)0x10 = 1;
    SHOW("null", "%d %d %p", last, code, address);
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!sigsetjmp(escape, 1)) page[5] = 1;
    SHOW("read-only", "%d %d %d", last, code, (int)((char *)address - page));
    mprotect(page, 4096, PROT_NONE);
    if (!sigsetjmp(escape, 1)) count = page[7];
    SHOW("none", "%d %d %d", last, code, (int)((char *)address - page));
    FILE *file = tmpfile();
    char *map = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fileno(file), 0);
    if (!sigsetjmp(escape, 1)) count = map[4096];
    SHOW("beyond", "%d %d %d", last, code, (int)((char *)address - map));
#ifdef __riscv
    if (!sigsetjmp(escape, 1)) __asm__ volatile(".word 0xffffffff");
#else
    if (!sigsetjmp(escape, 1)) __asm__ volatile(".word 0");
#endif
    SHOW("illegal", "%d %d", last, code);
#ifdef __riscv
    if (!sigsetjmp(escape, 1)) __asm__ volatile("ebreak");
#else
    if (!sigsetjmp(escape, 1)) __asm__ volatile("brk #0");
#endif
    SHOW("breakpoint", "%d %d", last, code);
    signal(SIGSEGV, SIG_DFL);
    pid_t child = fork();
    if (child == 0) { *(volatile int *)8 = 1; _exit(0); }
    int status; waitpid(child, &status, 0);
    SHOW("child", "%d %d", WIFSIGNALED(status), WTERMSIG(status));
}

static void masks(void) {
    sigset_t set, old, pending;
    sigemptyset(&set); sigaddset(&set, SIGUSR1);
    install(SIGUSR1, simple, 0);
    count = 0;
    sigprocmask(SIG_BLOCK, &set, &old);
    kill(getpid(), SIGUSR1); kill(getpid(), SIGUSR1);
    sigpending(&pending);
    SHOW("pending", "%d %d", sigismember(&pending, SIGUSR1), count);
    sigprocmask(SIG_SETMASK, &old, NULL);
    SHOW("delivered", "%d", count);
    int rt = SIGRTMIN + 1;
    install_info(rt, 0);
    sigemptyset(&set); sigaddset(&set, rt);
    sigprocmask(SIG_BLOCK, &set, &old);
    count = 0;
    for (int i = 0; i < 5; i++) sigqueue(getpid(), rt, (union sigval){ .sival_int = 10 + i });
    sigprocmask(SIG_SETMASK, &old, NULL);
    SHOW("queued", "%d last %d code %d", count, value, code);
    siginfo_t info;
    sigprocmask(SIG_BLOCK, &set, &old);
    sigqueue(getpid(), rt, (union sigval){ .sival_int = 77 });
    CHECK(sigwaitinfo(&set, &info) == rt);
    SHOW("waited", "%d %d %d", info.si_value.sival_int, info.si_code, info.si_pid == getpid());
    struct timespec short_time = { 0, 20000000 };
    CALL(sigtimedwait(&set, &info, &short_time));
    sigprocmask(SIG_SETMASK, &old, NULL);
    CALL(sigaction(SIGKILL, &(struct sigaction){ .sa_handler = simple }, NULL));
    CALL(sigaction(65, NULL, NULL));
    CALL(kill(getpid(), 65));
    CALL(kill(999999, 0));
    CALL(kill(getpid(), 0));
}

static void on_alarm(int signal) { (void)signal; count++; }

static void restarts(void) {
    int pipe_fd[2]; char byte;
    pipe(pipe_fd);
    /* One that is meant to interrupt comes again and again: the first may come before the call does. */
    struct itimerval timer = { { 0, 0 }, { 0, 50000 } }, again = { { 0, 50000 }, { 0, 50000 } };
    install(SIGALRM, on_alarm, 0);
    setitimer(ITIMER_REAL, &again, NULL);
    CALL(read(pipe_fd[0], &byte, 1));
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 0 } }, NULL);
    count = 0;
    install(SIGALRM, on_alarm, SA_RESTART);
    pid_t child = fork();
    if (child == 0) { usleep(150000); write(pipe_fd[1], "x", 1); _exit(0); }
    setitimer(ITIMER_REAL, &timer, NULL);
    CALL(read(pipe_fd[0], &byte, 1));
    SHOW("alarms", "%d", count);
    waitpid(child, NULL, 0);
    setitimer(ITIMER_REAL, &again, NULL);
    struct timespec request = { 0, 200000000 }, left = { 0, 0 };
    CALL(nanosleep(&request, &left));
    CHECK(left.tv_nsec > 50000000 && left.tv_nsec < 200000000);
    setitimer(ITIMER_REAL, &again, NULL);
    CALL(poll(NULL, 0, 200));
    setitimer(ITIMER_REAL, &again, NULL);
    CALL(pause());
    sigset_t none; sigemptyset(&none);
    setitimer(ITIMER_REAL, &again, NULL);
    CALL(sigsuspend(&none));
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 0 } }, NULL);
    /* A stop and a continuation do not end a sleep, and do not make it longer. */
    child = fork();
    if (child == 0) {
        struct timespec before, after, sleep_time = { 0, 300000000 };
        clock_gettime(CLOCK_MONOTONIC, &before);
        int result = nanosleep(&sleep_time, NULL);
        clock_gettime(CLOCK_MONOTONIC, &after);
        long ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
        _exit(result == 0 && ms >= 300 && ms < 600 ? 42 : 1);
    }
    usleep(100000); kill(child, SIGSTOP);
    int status;
    waitpid(child, &status, WUNTRACED);
    SHOW("stopped", "%d %d", WIFSTOPPED(status), WSTOPSIG(status));
    usleep(50000); kill(child, SIGCONT);
    waitpid(child, &status, WCONTINUED);
    SHOW("continued", "%d", WIFCONTINUED(status));
    waitpid(child, &status, 0);
    SHOW("slept", "%d", WEXITSTATUS(status));
}

static void recursive(int signal) {
    if (++depth < 3) raise(signal);
    nested += depth--;
}

static char alternate[65536];
static volatile int on_alternate;
static void where(int signal) {
    char here;
    (void)signal;
    on_alternate = &here >= alternate && &here < alternate + sizeof alternate;
}

static void stacks(void) {
    stack_t stack = { .ss_sp = alternate, .ss_size = sizeof alternate }, old;
    CALL(sigaltstack(&stack, &old));
    SHOW("old", "%d", old.ss_flags);
    install(SIGUSR2, where, SA_ONSTACK);
    raise(SIGUSR2);
    SHOW("alternate", "%d", on_alternate);
    install(SIGUSR2, where, 0);
    raise(SIGUSR2);
    SHOW("alternate", "%d", on_alternate);
    stack.ss_size = 100;
    CALL(sigaltstack(&stack, NULL));
    install(SIGUSR2, recursive, SA_NODEFER);
    raise(SIGUSR2);
    SHOW("nested", "%d", nested);
    install(SIGUSR2, simple, SA_RESETHAND);
    raise(SIGUSR2);
    struct sigaction action;
    sigaction(SIGUSR2, NULL, &action);
    SHOW("reset", "%d", action.sa_handler == SIG_DFL);
}

static void clobber(int signal) {
    (void)signal;
    volatile double numbers[32];
    for (int i = 0; i < 32; i++) numbers[i] = i * 1.5;
    double sum = 0;
    for (int i = 0; i < 32; i++) sum += numbers[i] * numbers[31 - i];
    count = sum > 0;
}

static void floating(void) {
    install(SIGUSR1, clobber, 0);
    double a = 1.25, b = 2.5, c = 3.75, d = 0.125;
    for (int i = 0; i < 100; i++) {
        a = a * 1.0000001 + b; 
        raise(SIGUSR1);
        b = b + c * d;
    }
    SHOW("floating", "%.6f %.6f", a, b);
}

static void *thread_main(void *argument) {
    sigset_t set; int signal;
    sigemptyset(&set); sigaddset(&set, SIGUSR1);
    (void)argument;
    sigwait(&set, &signal);
    return (void *)(long)signal;
}

static void threads(void) {
    sigset_t set; sigemptyset(&set); sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pthread_t thread;
    pthread_create(&thread, NULL, thread_main, NULL);
    usleep(30000);
    pthread_kill(thread, SIGUSR1);
    void *result; pthread_join(thread, &result);
    SHOW("thread got", "%ld", (long)result);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void children(void) {
    install_info(SIGCHLD, 0);
    count = 0;
    pid_t child = fork();
    if (child == 0) _exit(3);
    while (!count) usleep(1000);
    SHOW("child", "%d %d", last, code);
    siginfo_t info = { 0 };
    CALL(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
    SHOW("waitid", "%d %d %d", info.si_code, info.si_status, info.si_pid == child);
    int status;
    CHECK(wait4(child, &status, 0, NULL) == child);
    SHOW("status", "%x", status);
    CALL(wait(NULL));
    signal(SIGCHLD, SIG_IGN);
    child = fork();
    if (child == 0) _exit(4);
    CALL(waitpid(child, &status, 0));
    signal(SIGCHLD, SIG_DFL);
}

int main(void) {
    faults(); masks(); restarts(); stacks(); floating(); threads(); children();
    END();
}
