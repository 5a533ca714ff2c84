/* Sessions, foreground groups and stops on a terminal of one's own. */
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
    char *name = ptsname(master);
    fflush(stdout);
    pid_t leader = fork();
    if (leader == 0) {
        setsid();
        int terminal = open(name, O_RDWR);
        SHOW("is ours", "%d", tcgetsid(terminal) == getpid());
        SHOW("foreground", "%d", tcgetpgrp(terminal) == getpid());
        pid_t job = fork();
        if (job == 0) {
            setpgid(0, 0);
            char byte;
            read(terminal, &byte, 1);
            _exit(byte);
        }
        setpgid(job, job);
        int status;
        waitpid(job, &status, WUNTRACED);
        SHOW("background read", "%d", WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
        signal(SIGTTOU, SIG_IGN);
        CALL(tcsetpgrp(terminal, job));
        kill(-job, SIGCONT);
        waitpid(job, &status, 0);
        SHOW("foreground read", "%d", WEXITSTATUS(status));
        CALL(tcsetpgrp(terminal, getpid()));
        CALL(tcsetpgrp(terminal, 999999));
        struct termios mode;
        tcgetattr(terminal, &mode);
        mode.c_lflag |= TOSTOP;
        tcsetattr(terminal, TCSANOW, &mode);
        job = fork();
        if (job == 0) {
            signal(SIGTTOU, SIG_DFL);
            setpgid(0, 0);
            write(terminal, "x", 1);
            _exit(0);
        }
        setpgid(job, job);
        waitpid(job, &status, WUNTRACED);
        SHOW("background write", "%d", WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
        signal(SIGHUP, SIG_IGN);
        kill(job, SIGKILL);
        waitpid(job, &status, 0);
        CALL(ioctl(terminal, TIOCNOTTY));
        CALL(open("/dev/tty", O_RDWR));
        _exit(0);
    }
    usleep(200000);
    write(master, "A\n", 2);
    int status;
    waitpid(leader, &status, 0);
    SHOW("leader", "%d", status);
    END();
}
