/* Record locks of processes and of open files, and flock. */
#include "check.h"
#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>

int main(void) {
    int file = open("file", O_RDWR | O_CREAT, 0600), other = open("file", O_RDWR);
    struct flock lock = { .l_type = F_WRLCK, .l_start = 10, .l_len = 10 };
    CALL(fcntl(file, F_SETLK, &lock));
    CALL(fcntl(other, F_SETLK, &lock));
    fflush(stdout);
    if (fork() == 0) {
        struct flock mine = { .l_type = F_RDLCK, .l_start = 0, .l_len = 15 };
        CALL(fcntl(file, F_SETLK, &mine));
        CALL(fcntl(file, F_GETLK, &mine));
        SHOW("in the way", "%d %ld %ld %d", mine.l_type, (long)mine.l_start, (long)mine.l_len, mine.l_pid == getppid());
        mine = (struct flock){ .l_type = F_RDLCK, .l_start = 0, .l_len = 10 };
        CALL(fcntl(file, F_SETLK, &mine));
        mine = (struct flock){ .l_type = F_WRLCK, .l_start = 15, .l_len = 0 };
        CALL(fcntl(file, F_SETLKW, &mine));
        _exit(0);
    }
    usleep(100000);
    lock.l_type = F_UNLCK;
    fcntl(file, F_SETLK, &lock);
    int status;
    wait(&status);
    SHOW("child", "%d", WEXITSTATUS(status));
    lock = (struct flock){ .l_type = F_WRLCK };
    CALL(fcntl(file, F_OFD_SETLK, &lock));
    CALL(fcntl(other, F_OFD_SETLK, &lock));
    lock.l_type = F_UNLCK;
    CALL(fcntl(file, F_OFD_SETLK, &lock));
    CALL(flock(file, LOCK_EX));
    CALL(flock(other, LOCK_SH | LOCK_NB));
    CALL(flock(file, LOCK_SH));
    CALL(flock(other, LOCK_SH | LOCK_NB));
    CALL(flock(other, LOCK_EX | LOCK_NB));
    CALL(flock(file, LOCK_UN));
    CALL(flock(other, LOCK_EX | LOCK_NB));
    CALL(flock(file, 77));
    int read_only = open("file", O_RDONLY);
    lock = (struct flock){ .l_type = F_WRLCK };
    CALL(fcntl(read_only, F_SETLK, &lock));
    lock.l_type = 9;
    CALL(fcntl(file, F_SETLK, &lock));
    lock = (struct flock){ .l_type = F_RDLCK, .l_start = -5 };
    CALL(fcntl(file, F_SETLK, &lock));
    END();
}
