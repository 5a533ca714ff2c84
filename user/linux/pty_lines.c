/* A pseudo-terminal in canonical mode: lines, erase, end of file, signals typed. */
#include "check.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

int main(void) {
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    grantpt(master);
    unlockpt(master);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    char text[256];
    CALL(isatty(slave));
    struct termios mode;
    tcgetattr(slave, &mode);
    SHOW("modes", "%x %x %x %x", mode.c_iflag, mode.c_oflag, mode.c_cflag, mode.c_lflag);
    write(master, "abc\177d\n", 6);
    long count = read(slave, text, sizeof text);
    SHOW("line", "%ld %.*s", count, (int)count - 1, text);
    count = read(master, text, sizeof text);
    for (int i = 0; i < count; i++) printf("%02x ", text[i]);
    printf("\n");
    write(master, "two words\027x\n", 12);
    count = read(slave, text, sizeof text);
    SHOW("word erased", "%.*s", (int)count - 1, text);
    write(master, "gone\025kept\n", 10);
    count = read(slave, text, sizeof text);
    SHOW("line killed", "%.*s", (int)count - 1, text);
    write(master, "part\004", 5);
    CALL(read(slave, text, sizeof text));
    write(master, "\004", 1);
    CALL(read(slave, text, sizeof text));
    write(master, "1\n2\n", 4);
    CALL(read(slave, text, sizeof text));
    CALL(read(slave, text, 1));
    CALL(read(slave, text, sizeof text));
    mode.c_lflag &= ~ECHO;
    tcsetattr(slave, TCSANOW, &mode);
    struct winsize size = { 33, 44, 0, 0 };
    CALL(ioctl(master, TIOCSWINSZ, &size));
    memset(&size, 0, sizeof size);
    CALL(ioctl(slave, TIOCGWINSZ, &size));
    SHOW("size", "%d %d", size.ws_row, size.ws_col);
    pid_t child = fork();
    if (child == 0) {
        setsid();
        ioctl(slave, TIOCSCTTY, 0);
        write(slave, "ready\n", 6);
        pause();
    }
    usleep(200000);
    write(master, "\003", 1);
    int status;
    waitpid(child, &status, 0);
    SHOW("interrupted", "%d", WTERMSIG(status));
    close(slave);
    END();
}
