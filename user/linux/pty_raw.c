/* A pseudo-terminal in raw mode: VMIN and VTIME, and a hang-up. */
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>

int main(void) {
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    grantpt(master);
    unlockpt(master);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    char text[64];
    struct termios mode;
    tcgetattr(slave, &mode);
    cfmakeraw(&mode);
    mode.c_cc[VMIN] = 3;
    mode.c_cc[VTIME] = 0;
    CALL(tcsetattr(slave, TCSADRAIN, &mode));
    write(master, "ab", 2);
    struct pollfd wait = { slave, POLLIN, 0 };
    CALL(poll(&wait, 1, 20));
    write(master, "\003d", 2);
    CALL(poll(&wait, 1, 1000));
    CALL(read(slave, text, sizeof text));
    SHOW("raw", "%02x", text[2]);
    mode.c_cc[VMIN] = 0;
    mode.c_cc[VTIME] = 1;
    tcsetattr(slave, TCSANOW, &mode);
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    CALL(read(slave, text, sizeof text));
    clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >= 90);
    mode.c_cc[VTIME] = 0;
    tcsetattr(slave, TCSANOW, &mode);
    CALL(read(slave, text, sizeof text));
    write(master, "xy", 2);
    int waiting;
    /* Linux moves what was written in a worker of its own. */
    struct pollfd arrival = { slave, POLLIN, 0 };
    CALL(poll(&arrival, 1, 5000));
    CALL(ioctl(slave, FIONREAD, &waiting));
    SHOW("waiting", "%d", waiting);
    CALL(tcflush(slave, TCIFLUSH));
    CALL(read(slave, text, sizeof text));
    write(slave, "a\nb", 3);
    CALL(read(master, text, sizeof text));
    close(master);
    CALL(read(slave, text, sizeof text));
    CALL(write(slave, "x", 1));
    wait.events = POLLIN | POLLOUT;
    CALL(poll(&wait, 1, 0));
    SHOW("hung up", "%x", wait.revents);
    END();
}
