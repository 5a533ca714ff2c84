/* Descriptors of processes: readiness, signals, waiting, files of others, and clone that makes one. */
#include "check.h"
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static int open_process(pid_t pid, unsigned flags) {
    return syscall(SYS_pidfd_open, pid, flags);
}

static int send_through(int file, int number, siginfo_t *info, unsigned flags) {
    return syscall(SYS_pidfd_send_signal, file, number, info, flags);
}

static pid_t sleeper(void) {
    pid_t child = fork();
    if (!child) for (;;) pause();
    return child;
}

/* A line of fdinfo that begins so, with the number replaced by what it is compared with. */
static void information(int file, const char *start, long expected) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", file);
    FILE *info = fopen(path, "r");
    while (info && fgets(line, sizeof line, info))
        if (!strncmp(line, start, strlen(start)))
            SHOW(start, "%d", atol(line + strlen(start)) == expected);
    if (info) fclose(info);
}

static void readiness(void) {
    pid_t child = sleeper();
    int file = open_process(child, 0);
    CHECK(file >= 0);
    SHOW("close on exec", "%d", fcntl(file, F_GETFD));
    information(file, "Pid:", child);
    information(file, "NSpid:", child);
    struct pollfd poll_file = { file, POLLIN, 0 };
    CALL(poll(&poll_file, 1, 10));
    int set = epoll_create1(0);
    struct epoll_event event = { EPOLLIN, { 0 } };
    CALL(epoll_ctl(set, EPOLL_CTL_ADD, file, &event));
    CALL(epoll_wait(set, &event, 1, 0));
    CALL(send_through(file, 0, NULL, 0));
    CALL(send_through(file, SIGTERM, NULL, 0));
    CALL(epoll_wait(set, &event, 1, 10000));
    SHOW("events", "%x", event.events);
    CALL(poll(&poll_file, 1, 10000));
    SHOW("ready", "%x", poll_file.revents);
    CALL(send_through(file, 0, NULL, 0));
    int files[] = { file, set, eventfd(0, 0), timerfd_create(CLOCK_MONOTONIC, 0) };
    for (int i = 0; i < 4; i++) {
        char path[64], name[64] = "";
        snprintf(path, sizeof path, "/proc/self/fd/%d", files[i]);
        readlink(path, name, sizeof name - 1);
        SHOW("name", "%s", name);
    }
    siginfo_t info = { 0 };
    CALL(waitid(P_PIDFD, file, &info, WEXITED | WNOWAIT));
    SHOW("ended", "%d %d %d", info.si_pid == child, info.si_code == CLD_KILLED, info.si_status);
    CALL(poll(&poll_file, 1, 0));
    SHOW("ready", "%x", poll_file.revents);
    CALL(waitid(P_PIDFD, file, &info, WEXITED));
    CALL(poll(&poll_file, 1, 0));
    SHOW("gone", "%x", poll_file.revents);
    information(file, "Pid:", -1);
    CALL(send_through(file, 0, NULL, 0));
    CALL(waitid(P_PIDFD, file, &info, WEXITED));
    char byte;
    CALL(read(file, &byte, 1));
    CALL(write(file, "", 1));
    CALL(close(file));
}

static volatile sig_atomic_t heard, value, code;

static void hear(int number, siginfo_t *info, void *context) {
    (void)context;
    heard = number;
    value = info->si_value.sival_int;
    code = info->si_code;
}

static void signals(void) {
    struct sigaction action = { .sa_sigaction = hear, .sa_flags = SA_SIGINFO };
    sigaction(SIGUSR1, &action, NULL);
    int own = open_process(getpid(), 0);
    CALL(send_through(own, SIGUSR1, NULL, 0));
    SHOW("heard", "%d %d", heard == SIGUSR1, code);
    siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_QUEUE };
    info.si_value.sival_int = 77;
    CALL(send_through(own, SIGUSR1, &info, 0));
    SHOW("heard", "%d %d", value, code);
    CALL(send_through(own, SIGUSR2, &info, 0));
    CALL(send_through(own, SIGUSR1, (void *)8, 0));
    CALL(send_through(own, SIGUSR1, NULL, 64));
    CALL(send_through(own, 99, NULL, 0));
    CALL(send_through(0, 0, NULL, 0));
    CALL(send_through(-1, 0, NULL, 0));
    pid_t child = sleeper();
    int file = open_process(child, 0);
    info.si_signo = SIGKILL;
    info.si_code = SI_USER;
    CALL(send_through(file, SIGKILL, &info, 0));
    CALL(send_through(file, SIGKILL, NULL, 0));
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    SHOW("status", "%d", status);
    close(file);
    close(own);
}

static void *idle(void *id) {
    *(pid_t *)id = syscall(SYS_gettid);
    pause();
    return NULL;
}

static void opening(void) {
    CALL(open_process(0, 0));
    CALL(open_process(-1, 0));
    CALL(open_process(getpid(), 77));
    pid_t gone = fork();
    if (!gone) _exit(0);
    waitpid(gone, NULL, 0);
    CALL(open_process(gone, 0));
    volatile pid_t thread_id = 0;
    pthread_t thread;
    pthread_create(&thread, NULL, idle, (void *)&thread_id);
    while (!thread_id) usleep(1000);
    CALL(open_process(thread_id, 0));
    siginfo_t info;
    pid_t child = sleeper();
    int file = open_process(child, O_NONBLOCK);
    CHECK(file >= 0);
    CALL(waitid(P_PIDFD, file, &info, WEXITED));
    CALL(waitid(P_PIDFD, file, &info, WEXITED | WNOHANG));
    CALL(waitid(P_PIDFD, 0, &info, WEXITED));
    CALL(waitid(P_PIDFD, -1, &info, WEXITED));
    CALL(waitid(P_PIDFD, 99, &info, WEXITED));
    int own = open_process(getpid(), 0);
    CALL(waitid(P_PIDFD, own, &info, WEXITED));
    CALL(kill(child, SIGKILL));
    CALL(waitid(P_PID, child, &info, WEXITED));
    struct rlimit old, none = { 0, 0 };
    getrlimit(RLIMIT_NOFILE, &old);
    none.rlim_max = old.rlim_max;
    setrlimit(RLIMIT_NOFILE, &none);
    CALL(open_process(getpid(), 0));
    setrlimit(RLIMIT_NOFILE, &old);
}

static void others_files(void) {
    int pipes[2], ready[2];
    pipe(ready);
    pipe(pipes);
    pid_t child = fork();
    if (!child) {
        int file = memfd_create("given", 0);
        write(file, "from the child", 14);
        dup2(file, 40);
        write(ready[1], "", 1);
        for (;;) pause();
    }
    char text[32] = "";
    read(ready[0], text, 1);
    int process = open_process(child, 0);
    int file = syscall(SYS_pidfd_getfd, process, 40, 0);
    CHECK(file >= 0);
    SHOW("close on exec", "%d", fcntl(file, F_GETFD));
    CALL(pread(file, text, sizeof text, 0));
    SHOW("text", "%s", text);
    CALL(syscall(SYS_pidfd_getfd, process, 41, 0));
    CALL(syscall(SYS_pidfd_getfd, process, -1, 0));
    CALL(syscall(SYS_pidfd_getfd, process, 40, 1));
    CALL(syscall(SYS_pidfd_getfd, ready[0], 40, 0));
    pid_t stranger = fork();
    if (!stranger) {
        setresgid(65534, 65534, 65534);
        setresuid(65534, 65534, 65534);
        CALL(syscall(SYS_pidfd_getfd, process, 40, 0));
        CALL(send_through(process, SIGKILL, NULL, 0));
        _exit(0);
    }
    waitpid(stranger, NULL, 0);
    kill(child, SIGKILL);
    siginfo_t info;
    waitid(P_PIDFD, process, &info, WEXITED | WNOWAIT);
    CALL(syscall(SYS_pidfd_getfd, process, 40, 0));
    waitpid(child, NULL, 0);
    CALL(syscall(SYS_pidfd_getfd, process, 40, 0));
}

static void cloning(void) {
    int file = -1;
    pid_t child = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, &file, NULL, NULL);
    if (!child) _exit(fcntl(file, F_GETFD) == -1 ? 7 : 8);
    CHECK(child > 0 && file >= 0);
    siginfo_t info = { 0 };
    CALL(waitid(P_PIDFD, file, &info, WEXITED));
    SHOW("status", "%d %d", info.si_status, info.si_pid == child);
    SHOW("close on exec", "%d", fcntl(file, F_GETFD));
    close(file);
    struct clone_args arguments = { .flags = CLONE_PIDFD, .pidfd = (unsigned long)&file, .exit_signal = SIGCHLD };
    child = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (!child) _exit(9);
    CALL(waitid(P_PIDFD, file, &info, WEXITED));
    SHOW("status", "%d", info.si_status);
    close(file);
    int lowest = dup(0);
    close(lowest);
    arguments.pidfd = 8;
    CALL(syscall(SYS_clone3, &arguments, sizeof arguments));
    int again = dup(0);
    CHECK(again == lowest);
    CALL(waitpid(-1, NULL, WNOHANG));
    int id;
    CALL(syscall(SYS_clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, NULL, &id, NULL, NULL));
    CALL(syscall(SYS_clone, CLONE_PIDFD | CLONE_DETACHED | SIGCHLD, NULL, &id, NULL, NULL));
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    readiness();
    signals();
    others_files();
    cloning();
    opening();
    END();
}
