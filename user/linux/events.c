/* poll, select, epoll, eventfd, timerfd, signalfd, pipes, pseudo-terminals. */
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

static long now_ms(void) {
    struct timespec time; clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void polling(void) {
    int pipes[2]; pipe(pipes);
    struct pollfd files[3] = { { pipes[0], POLLIN, 0 }, { pipes[1], POLLOUT, 0 }, { 99, POLLIN, 0 } };
    CALL(poll(files, 3, 0));
    SHOW("events", "%x %x %x", files[0].revents, files[1].revents, files[2].revents);
    long before = now_ms();
    CALL(poll(files, 1, 50));
    CHECK(now_ms() - before >= 49);
    write(pipes[1], "x", 1);
    CALL(poll(files, 1, -1));
    fd_set read_set, write_set; FD_ZERO(&read_set); FD_ZERO(&write_set);
    FD_SET(pipes[0], &read_set); FD_SET(pipes[1], &write_set);
    struct timeval time = { 1, 0 };
    CALL(select(pipes[1] + 1, &read_set, &write_set, NULL, &time));
    SHOW("sets", "%d %d", FD_ISSET(pipes[0], &read_set), FD_ISSET(pipes[1], &write_set));
    FD_SET(99, &read_set);
    CALL(select(100, &read_set, NULL, NULL, &time));
    close(pipes[1]);
    files[0].events = POLLIN | POLLRDHUP;
    CALL(poll(files, 1, -1));
    SHOW("hang-up", "%x", files[0].revents);
    char byte;
    CALL(read(pipes[0], &byte, 1));
    CALL(read(pipes[0], &byte, 1));
    close(pipes[0]);
    pipe(pipes); close(pipes[0]);
    signal(SIGPIPE, SIG_IGN);
    CALL(write(pipes[1], "x", 1));
    files[0] = (struct pollfd){ pipes[1], POLLOUT, 0 };
    CALL(poll(files, 1, 0));
    SHOW("reader gone", "%x", files[0].revents);
    close(pipes[1]);
    pipe2(pipes, O_NONBLOCK);
    CALL(read(pipes[0], &byte, 1));
    char block[70000] = { 0 };
    CALL(write(pipes[1], block, sizeof block));
    CALL(write(pipes[1], block, 1));
    close(pipes[0]); close(pipes[1]);
}

static void epolls(void) {
    int set = epoll_create1(0), pipes[2]; pipe(pipes);
    struct epoll_event event = { EPOLLIN, { .u64 = 0x123456789 } }, found[4];
    CALL(epoll_ctl(set, EPOLL_CTL_ADD, pipes[0], &event));
    CALL(epoll_ctl(set, EPOLL_CTL_ADD, pipes[0], &event));
    CALL(epoll_ctl(set, EPOLL_CTL_DEL, pipes[1], NULL));
    CALL(epoll_wait(set, found, 4, 0));
    write(pipes[1], "ab", 2);
    CALL(epoll_wait(set, found, 4, -1));
    SHOW("found", "%x %lx", found[0].events, (long)found[0].data.u64);
    CALL(epoll_wait(set, found, 4, 0));
    event.events = EPOLLIN | EPOLLET;
    CALL(epoll_ctl(set, EPOLL_CTL_MOD, pipes[0], &event));
    CALL(epoll_wait(set, found, 4, 0));
    CALL(epoll_wait(set, found, 4, 0));
    write(pipes[1], "c", 1);
    CALL(epoll_wait(set, found, 4, 0));
    event.events = EPOLLIN | EPOLLONESHOT;
    CALL(epoll_ctl(set, EPOLL_CTL_MOD, pipes[0], &event));
    CALL(epoll_wait(set, found, 4, 0));
    CALL(epoll_wait(set, found, 4, 0));
    pid_t child = fork();
    if (child == 0) { usleep(30000); close(pipes[1]); _exit(0); }
    close(pipes[1]);
    event.events = EPOLLIN;
    CALL(epoll_ctl(set, EPOLL_CTL_MOD, pipes[0], &event));
    char buffer[10]; read(pipes[0], buffer, 10);
    CALL(epoll_wait(set, found, 4, 1000));
    SHOW("closed", "%x", found[0].events);
    wait(NULL);
    struct pollfd file = { set, POLLIN, 0 };
    CALL(poll(&file, 1, 0));
    close(pipes[0]);
    CALL(epoll_wait(set, found, 4, 10));
    CALL(epoll_wait(set, found, 0, 10));
    int regular = open("/etc/passwd", O_RDONLY);
    CALL(epoll_ctl(set, EPOLL_CTL_ADD, regular, &event));
    CALL(epoll_ctl(set, EPOLL_CTL_ADD, set, &event));
    close(regular); close(set);
}

static void files(void) {
    unsigned long value;
    int counter = eventfd(3, EFD_NONBLOCK);
    value = 4; CALL(write(counter, &value, 8));
    CALL(read(counter, &value, 8)); SHOW("counter", "%lu", value);
    CALL(read(counter, &value, 8));
    CALL(read(counter, &value, 4));
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    struct itimerspec setting = { { 0, 20000000 }, { 0, 20000000 } };
    CALL(timerfd_settime(timer, 0, &setting, NULL));
    usleep(70000);
    CALL(read(timer, &value, 8));
    CHECK(value >= 3 && value <= 6);
    sigset_t set; sigemptyset(&set); sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int signals = signalfd(-1, &set, SFD_NONBLOCK);
    struct signalfd_siginfo info;
    CALL(read(signals, &info, sizeof info));
    kill(getpid(), SIGUSR1);
    struct pollfd poll_file = { signals, POLLIN, 0 };
    CALL(poll(&poll_file, 1, 100));
    CALL(read(signals, &info, sizeof info));
    SHOW("signal", "%d %d", info.ssi_signo, info.ssi_pid == (unsigned)getpid());
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    int pair[2];
    CALL(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CALL(write(pair[0], "hello", 5));
    char buffer[10];
    CALL(read(pair[1], buffer, 10));
    close(pair[0]);
    CALL(read(pair[1], buffer, 10));
    CALL(write(pair[1], "x", 1));
    close(pair[1]); close(signals); close(timer); close(counter);
}

static void terminals(void) {
    int master, slave; char name[64];
    CALL(openpty(&master, &slave, name, NULL, NULL));
    struct termios settings;
    CALL(tcgetattr(slave, &settings));
    SHOW("settings", "%x %x %x %x", settings.c_iflag, settings.c_oflag, settings.c_cflag & ~CBAUD, settings.c_lflag);
    CALL(isatty(slave));
    CALL(write(master, "typed\n", 6));
    char buffer[64];
    long count = read(slave, buffer, 64);
    SHOW("line", "%ld %.5s", count, buffer);
    count = read(master, buffer, 64);
    SHOW("echo", "%ld %.5s", count, buffer);
    cfmakeraw(&settings);
    CALL(tcsetattr(slave, TCSANOW, &settings));
    CALL(write(master, "ab", 2));
    CALL(read(slave, buffer, 64));
    struct winsize size = { 50, 132, 0, 0 }, got;
    CALL(ioctl(master, TIOCSWINSZ, &size));
    CALL(ioctl(slave, TIOCGWINSZ, &got));
    SHOW("size", "%d %d", got.ws_row, got.ws_col);
    pid_t child = fork();
    if (child == 0) {
        setsid();
        ioctl(slave, TIOCSCTTY, 0);
        CHECK(tcgetpgrp(slave) == getpid());
        CHECK(tcgetsid(slave) == getpid());
        int terminal = open("/dev/tty", O_RDWR);
        CHECK(terminal >= 0);
        write(terminal, "from child", 10);
        settings.c_lflag |= ISIG; tcsetattr(slave, TCSANOW, &settings);
        write(terminal, "!", 1);
        pause();
        _exit(0);
    }
    close(slave);
    size_t got_bytes = 0;
    while (got_bytes < 11 && (count = read(master, buffer + got_bytes, 64 - got_bytes)) > 0) got_bytes += count;
    SHOW("master", "%.11s", buffer);
    usleep(20000);
    write(master, "\003", 1);
    int status; waitpid(child, &status, 0);
    SHOW("interrupted", "%d %d", WIFSIGNALED(status), WTERMSIG(status));
    CALL(read(master, buffer, 64));
    close(master);
}

int main(void) {
    polling(); epolls(); files(); terminals();
    END();
}
