/* Record locks of processes and of open files, and flock. */
#include "check.h"
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Two processes that would wait for each other: the one that comes last is told. */
static void deadlock(void) {
    int ready[2], status;
    char byte;
    CALL(pipe(ready));
    int file = open("circle", O_RDWR | O_CREAT, 0600), second = open("other", O_RDWR | O_CREAT, 0600);
    struct flock lock = { .l_type = F_WRLCK, .l_len = 1 };
    CALL(fcntl(file, F_SETLKW, &lock));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        fcntl(second, F_SETLKW, &lock);
        write(ready[1], "x", 1);
        _exit(fcntl(file, F_SETLKW, &lock) ? 1 : 0);
    }
    read(ready[0], &byte, 1);
    /* Whoever waits first, the other one is refused: here or there. */
    int own = fcntl(second, F_SETLKW, &lock), error = errno;
    CHECK(!own || error == EDEADLK);
    lock.l_type = F_UNLCK;
    fcntl(file, F_SETLK, &lock);
    waitpid(child, &status, 0);
    CHECK((own != 0) + WEXITSTATUS(status) == 1);
    close(file), close(second), close(ready[0]), close(ready[1]);
}

/* Whether another process could lock the whole file. */
static int is_free(const char *name) {
    int status;
    fflush(stdout);
    if (fork() == 0) {
        struct flock lock = { .l_type = F_WRLCK };
        _exit(fcntl(open(name, O_RDWR), F_SETLK, &lock) ? 0 : 1);
    }
    wait(&status);
    return WEXITSTATUS(status);
}

/* A process's locks go with any descriptor of the file, whatever call closes it, and exec is one of them. */
static void endings(const char *program) {
    struct flock lock = { .l_type = F_WRLCK };
    int file = open("ends", O_RDWR | O_CREAT, 0600), copy = dup(file);
    CALL(fcntl(file, F_SETLK, &lock));
    SHOW("locked", "%d", is_free("ends"));
    CALL(close_range(copy, copy, 0));
    SHOW("close_range", "%d", is_free("ends"));
    CALL(fcntl(file, F_SETLK, &lock));
    int place = dup(file), other = open("ends", O_RDONLY);
    SHOW("another descriptor opened", "%d", is_free("ends"));
    CALL(dup2(0, place) == place ? 0 : -1);
    SHOW("dup2", "%d", is_free("ends"));
    fcntl(other, F_SETFD, FD_CLOEXEC);
    CALL(fcntl(file, F_SETLK, &lock));
    fflush(stdout);
    if (fork() == 0) {
        CALL(fcntl(file, F_OFD_SETLK, &(struct flock){ .l_type = F_UNLCK }));
        _exit(0);
    }
    wait(NULL);
    SHOW("a child's descriptor closed", "%d", is_free("ends"));
    fflush(stdout);
    int status;
    if (fork() == 0) {
        int mine = open("exec", O_RDWR | O_CREAT, 0600);
        open("exec", O_RDWR | O_CLOEXEC);
        fcntl(mine, F_SETLK, &lock);
        execl(program, program, "after", NULL);
        _exit(1);
    }
    wait(&status);
    SHOW("exec", "%d", WEXITSTATUS(status));
    /* Up to the largest offset is up to the end. */
    lock = (struct flock){ .l_type = F_WRLCK, .l_start = 1, .l_len = 0x7fffffffffffffff };
    CALL(fcntl(file, F_SETLK, &lock));
    fflush(stdout);
    if (fork() == 0) {
        CALL(fcntl(file, F_GETLK, &lock));
        SHOW("largest", "%d %ld %ld", lock.l_type, (long)lock.l_start, (long)lock.l_len);
        lock = (struct flock){ .l_type = F_WRLCK, .l_start = 2, .l_len = 0x7fffffffffffffff };
        CALL(fcntl(file, F_SETLK, &lock));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    close(file), close(other), close(place);
}

/* The lines of /proc/locks about this file, without their numbers, processes and devices. */
static void list(const char *what, int file) {
    char line[256], inode[40], class[16], kind[16], first[32], last[32];
    long process;
    struct stat status;
    fstat(file, &status);
    snprintf(inode, sizeof inode, ":%lu ", (unsigned long)status.st_ino);
    FILE *locks = fopen("/proc/locks", "r");
    while (locks && fgets(line, sizeof line, locks))
        if (strstr(line, inode) &&
            sscanf(line, "%*s %15s ADVISORY %15s %ld %*s %31s %31s", class, kind, &process, first, last) == 5)
            SHOW(what, "%s %s %s %s %s", class, kind, process == getpid() ? "own" : process == -1 ? "nobody" : "other", first, last);
    fclose(locks);
}

int main(int count, char **arguments) {
    if (count > 1)
        return is_free("exec") ? 7 : 8;
    deadlock();
    endings(arguments[0]);
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
    lock = (struct flock){ .l_type = F_RDLCK, .l_start = 10, .l_len = 10 };
    CALL(fcntl(file, F_SETLK, &lock));
    list("own range", file);
    lock.l_type = F_UNLCK;
    CALL(fcntl(file, F_SETLK, &lock));
    lock = (struct flock){ .l_type = F_WRLCK };
    CALL(fcntl(file, F_OFD_SETLK, &lock));
    CALL(fcntl(other, F_OFD_SETLK, &lock));
    list("whole range", file);
    lock.l_type = F_UNLCK;
    CALL(fcntl(file, F_OFD_SETLK, &lock));
    CALL(flock(file, LOCK_EX));
    CALL(flock(other, LOCK_SH | LOCK_NB));
    CALL(flock(file, LOCK_SH));
    CALL(flock(other, LOCK_SH | LOCK_NB));
    list("flock", file);
    CALL(flock(other, LOCK_EX | LOCK_NB));
    CALL(flock(file, LOCK_UN));
    CALL(flock(other, LOCK_EX | LOCK_NB));
    CALL(flock(file, 77));
    /* Who cannot have more has not even what he had. */
    CALL(flock(other, LOCK_UN));
    CALL(flock(file, LOCK_SH | LOCK_NB));
    CALL(flock(other, LOCK_SH | LOCK_NB));
    CALL(flock(other, LOCK_EX | LOCK_NB));
    CALL(flock(file, LOCK_EX | LOCK_NB));
    CALL(flock(file, LOCK_UN));
    int place = open("file", O_PATH);
    CALL(flock(place, LOCK_SH | LOCK_NB));
    CALL(fcntl(place, F_SETLK, &lock));
    int read_only = open("file", O_RDONLY);
    lock = (struct flock){ .l_type = F_WRLCK };
    CALL(fcntl(read_only, F_SETLK, &lock));
    lock.l_type = 9;
    CALL(fcntl(file, F_SETLK, &lock));
    lock = (struct flock){ .l_type = F_RDLCK, .l_start = -5 };
    CALL(fcntl(file, F_SETLK, &lock));
    END();
}
