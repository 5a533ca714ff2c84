/* System V's semaphores: several operations at once or none, waiting and being woken, what is undone at a process's
 * end, removal under sleepers, and who may. */
#include "check.h"
#include <signal.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <time.h>

#define KEY 0x5ca71e8

union semun { int val; struct semid_ds *buf; unsigned short *array; struct seminfo *info; };

static int change(int id, int number, int by, int flags) {
    struct sembuf operation = {number, by, flags};
    return semop(id, &operation, 1);
}

static int value(int id, int number) { return semctl(id, number, GETVAL); }

/* Waits until so many sleep for that semaphore. */
static void sleepers(int id, int number, int what, int count) {
    for (int i = 0; i < 20000 && semctl(id, number, what) != count; i++) usleep(1000);
    SHOW("sleepers", "%d", semctl(id, number, what));
}

static void keys(void) {
    CALL(semget(KEY, 1, 0600));
    int id = semget(KEY, 3, IPC_CREAT | IPC_EXCL | 0640);
    CHECK(id >= 0);
    CALL(semget(KEY, 3, IPC_CREAT | IPC_EXCL | 0640));
    CHECK(semget(KEY, 0, 0) == id);
    CALL(semget(KEY, 4, 0));
    CALL(semget(KEY, -1, 0));
    CALL(semget(IPC_PRIVATE, 0, 0600));
    CALL(semget(IPC_PRIVATE, 32001, 0600));
    CALL(semget(KEY, 32001, 0600));
    struct semid_ds status;
    union semun argument = {.buf = &status};
    CALL(semctl(id, 0, IPC_STAT, argument));
    SHOW("new", "%lu, mode %o, %s %s", status.sem_nsems, status.sem_perm.mode, status.sem_otime ? "used" : "-",
         status.sem_ctime ? "changed" : "-");
    CALL(change(id, 2, 1, 0));
    semctl(id, 0, IPC_STAT, argument);
    CHECK(status.sem_otime != 0);
    CALL(semctl(id, 0, IPC_RMID));
    CALL(semctl(id, 0, IPC_RMID));
    CALL(semctl(-1, 0, IPC_RMID));
    CALL(semctl(id, 0, GETVAL));
    CALL(change(id, 0, 1, 0));
    CALL(semop(-1, NULL, 1));
    CALL(semctl(0, 0, 77));
}

static void values(void) {
    int id = semget(IPC_PRIVATE, 4, 0600);
    unsigned short all[4] = {9, 9, 9, 9};
    union semun argument = {.array = all};
    CALL(semctl(id, 0, GETALL, argument));
    SHOW("fresh", "%d %d %d %d", all[0], all[1], all[2], all[3]);
    CALL(semctl(id, 1, SETVAL, (union semun){.val = 7}));
    CALL(semctl(id, 1, SETVAL, (union semun){.val = 32768}));
    CALL(semctl(id, 1, SETVAL, (union semun){.val = -1}));
    CALL(semctl(id, 4, SETVAL, (union semun){.val = 1}));
    CALL(semctl(id, -1, SETVAL, (union semun){.val = 1}));
    CALL(semctl(id, 4, GETVAL));
    CALL(semctl(id, -1, GETVAL));
    CALL(semctl(id, 1, GETVAL));
    CALL(semctl(id, 0, GETPID));
    CHECK(semctl(id, 1, GETPID) == getpid());
    unsigned short set[4] = {1, 2, 3, 32767};
    CALL(semctl(id, 0, SETALL, (union semun){.array = set}));
    CALL(semctl(id, 0, GETALL, argument));
    SHOW("set", "%d %d %d %d", all[0], all[1], all[2], all[3]);
    set[0] = 32768;
    CALL(semctl(id, 0, SETALL, (union semun){.array = set}));
    CALL(semctl(id, 0, SETALL, (union semun){.array = (void *)8}));
    CALL(semctl(id, 0, GETALL, (union semun){.array = (void *)8}));
    CALL(change(id, 3, 1, 0));
    CALL(change(id, 4, 1, 0));
    CALL(change(id, 0, -2, IPC_NOWAIT));
    CALL(change(id, 0, 0, IPC_NOWAIT));
    CALL(change(id, 0, -1, IPC_NOWAIT));
    CALL(change(id, 0, 0, IPC_NOWAIT));
    CALL(semop(id, NULL, 1));
    CALL(semop(id, NULL, 0));
    CALL(semop(id, NULL, 501));
    /* All or none, each seeing what those before it did. */
    struct sembuf several[3] = {{0, 5, 0}, {0, -5, 0}, {1, -3, IPC_NOWAIT}};
    CALL(semop(id, several, 3));
    SHOW("unchanged", "%d %d", value(id, 0), value(id, 1));
    several[2].sem_op = -2;
    CALL(semop(id, several, 3));
    SHOW("changed", "%d %d", value(id, 0), value(id, 1));
    struct sembuf zero[2] = {{1, 0, IPC_NOWAIT}, {1, 1, 0}};
    CALL(semop(id, zero, 2));
    CALL(semop(id, zero, 2));
    struct sembuf over[2] = {{0, 1, 0}, {3, 1, 0}};
    CALL(semop(id, over, 2));
    SHOW("still", "%d", value(id, 0));
    static struct sembuf many[500];
    for (int i = 0; i < 500; i++) many[i] = (struct sembuf){2, i & 1 ? -1 : 1, 0};
    CALL(semop(id, many, 500));
    SHOW("still", "%d", value(id, 2));
    CALL(semctl(id, 0, IPC_RMID));
}

static void nothing(int signal) { (void)signal; }

static void waiting(void) {
    int id = semget(IPC_PRIVATE, 2, 0600);
    struct timespec brief = {0, 20000000}, wrong = {0, 1000000000}, none = {0, 0};
    struct sembuf take = {0, -1, 0};
    CALL(semtimedop(id, &take, 1, &brief));
    CALL(semtimedop(id, &take, 1, &none));
    CALL(semtimedop(id, &take, 1, &wrong));
    CALL(semtimedop(id, &take, 1, (void *)8));
    CALL(change(id, 0, 1, 0));
    CALL(semtimedop(id, &take, 1, &brief));
    /* A signal ends it, whatever the handler asked for. */
    struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    pid_t child = fork();
    if (!child) {
        CALL(semop(id, &take, 1));
        _exit(0);
    }
    sleepers(id, 0, GETNCNT, 1);
    kill(child, SIGUSR1);
    waitpid(child, NULL, 0);
    sleepers(id, 0, GETNCNT, 0);
    /* The first to come is the first to go. */
    int pipes[2];
    pipe(pipes);
    pid_t order[3];
    for (int i = 0; i < 3; i++) {
        order[i] = fork();
        if (!order[i]) {
            change(id, 0, -1, 0);
            char name = 'a' + i;
            write(pipes[1], &name, 1);
            change(id, 1, 1, 0);
            _exit(0);
        }
        sleepers(id, 0, GETNCNT, i + 1);
    }
    for (int i = 0; i < 3; i++) {
        change(id, 0, 1, 0);
        change(id, 1, -1, 0);
        char name;
        read(pipes[0], &name, 1);
        SHOW("woken", "%c", name);
    }
    for (int i = 0; i < 3; i++) waitpid(order[i], NULL, 0);
    /* Who wants much waits until there is enough; who wants little passes. */
    pid_t much = fork();
    if (!much) {
        change(id, 0, -3, 0);
        _exit(0);
    }
    sleepers(id, 0, GETNCNT, 1);
    CALL(change(id, 0, 2, 0));
    CALL(change(id, 0, -1, 0));
    CALL(change(id, 0, 2, 0));
    waitpid(much, NULL, 0);
    SHOW("left", "%d", value(id, 0));
    /* Waiting for zero. */
    change(id, 1, 2, 0);
    pid_t zero = fork();
    if (!zero) {
        struct sembuf both[2] = {{1, 0, 0}, {0, 5, 0}};
        semop(id, both, 2);
        _exit(0);
    }
    sleepers(id, 1, GETZCNT, 1);
    CALL(semctl(id, 1, GETNCNT));
    change(id, 1, -1, 0);
    sleepers(id, 1, GETZCNT, 1);
    change(id, 1, -1, 0);
    waitpid(zero, NULL, 0);
    SHOW("after zero", "%d", value(id, 0));
    CHECK(semctl(id, 0, GETPID) == zero);
    /* What cannot be counted any more is an error for who waits, too. */
    semctl(id, 0, SETVAL, (union semun){.val = 0});
    semctl(id, 1, SETVAL, (union semun){.val = 32767});
    pid_t over = fork();
    if (!over) {
        struct sembuf both[2] = {{0, -1, 0}, {1, 1, 0}};
        CALL(semop(id, both, 2));
        _exit(0);
    }
    sleepers(id, 0, GETNCNT, 1);
    change(id, 0, 1, 0);
    waitpid(over, NULL, 0);
    SHOW("not taken", "%d", value(id, 0));
    /* Setting wakes, and removal ends all waiting. */
    semctl(id, 0, SETVAL, (union semun){.val = 0});
    pid_t set = fork();
    if (!set) {
        CALL(change(id, 0, -2, 0));
        CALL(change(id, 0, -1, 0));
        _exit(0);
    }
    sleepers(id, 0, GETNCNT, 1);
    semctl(id, 0, SETVAL, (union semun){.val = 2});
    for (int i = 0; i < 20000 && value(id, 0) != 0; i++) usleep(1000);
    sleepers(id, 0, GETNCNT, 1);
    semctl(id, 0, IPC_RMID);
    waitpid(set, NULL, 0);
}

static void undoing(void) {
    int id = semget(IPC_PRIVATE, 3, 0600);
    semctl(id, 0, SETVAL, (union semun){.val = 5});
    pid_t child = fork();
    if (!child) {
        change(id, 0, -3, SEM_UNDO);
        change(id, 1, 4, SEM_UNDO);
        change(id, 1, 1, 0);
        SHOW("in the child", "%d %d", value(id, 0), value(id, 1));
        if (!fork()) {
            /* Nothing of it is inherited. */
            change(id, 2, 1, 0);
            _exit(0);
        }
        wait(NULL);
        SHOW("after the grandchild", "%d %d %d", value(id, 0), value(id, 1), value(id, 2));
        kill(getpid(), SIGKILL);
    }
    waitpid(child, NULL, 0);
    SHOW("undone", "%d %d %d", value(id, 0), value(id, 1), value(id, 2));
    CHECK(semctl(id, 0, GETPID) == child);
    /* Who waits is woken by it. */
    int pipes[2];
    pipe(pipes);
    child = fork();
    if (!child) {
        change(id, 0, -5, SEM_UNDO);
        char byte;
        write(pipes[1], "x", 1);
        pause();
        read(pipes[0], &byte, 1);
        _exit(0);
    }
    char byte;
    read(pipes[0], &byte, 1);
    pid_t other = fork();
    if (!other) {
        CALL(change(id, 0, -1, 0));
        _exit(0);
    }
    sleepers(id, 0, GETNCNT, 1);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    waitpid(other, NULL, 0);
    SHOW("left", "%d", value(id, 0));
    /* Setting a value forgets; values stay within their bounds. */
    semctl(id, 1, SETVAL, (union semun){.val = 0});
    child = fork();
    if (!child) {
        change(id, 0, -2, SEM_UNDO);
        change(id, 2, 10, SEM_UNDO);
        semctl(id, 0, SETVAL, (union semun){.val = 20});
        change(id, 2, -9, 0);
        CALL(change(id, 1, 32767, SEM_UNDO));
        CALL(change(id, 1, -32767, 0));
        CALL(change(id, 1, 2, SEM_UNDO));
        CALL(change(id, 1, 1, SEM_UNDO));
        execl("/bin/busybox", "busybox", "true", NULL);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    SHOW("bounds", "%d %d %d", value(id, 0), value(id, 1), value(id, 2));
    CALL(semctl(id, 0, IPC_RMID));
}

static void rights(void) {
    int id = semget(KEY, 2, IPC_CREAT | 0640);
    struct semid_ds status;
    union semun argument = {.buf = &status};
    semctl(id, 0, IPC_STAT, argument);
    for (int turn = 0; turn < 2; turn++) {
        pid_t child = fork();
        if (!child) {
            setgid(1000);
            setuid(1000);
            CALL(semget(KEY, 2, 0) == id);
            CALL(semget(KEY, 2, 0600));
            CALL(semctl(id, 0, GETVAL));
            CALL(change(id, 0, 0, IPC_NOWAIT));
            CALL(change(id, 0, 1, IPC_NOWAIT));
            CALL(semctl(id, 0, SETVAL, (union semun){.val = 1}));
            CALL(semctl(id, 0, IPC_STAT, argument));
            CALL(semctl(id, 0, IPC_SET, argument));
            CALL(semctl(id, 0, IPC_RMID));
            _exit(0);
        }
        waitpid(child, NULL, 0);
        status.sem_perm.gid = 1000;
        CALL(semctl(id, 0, IPC_SET, argument));
    }
    CALL(semctl(id, 0, IPC_RMID));
}

static void information(void) {
    struct seminfo limits;
    int id = semget(KEY, 5, IPC_CREAT | 0600);
    int highest = semctl(0, 0, IPC_INFO, (union semun){.info = &limits});
    SHOW("limits", "%d %d %d %d %d %d %d %d %d %d", limits.semmap, limits.semmni, limits.semmns, limits.semmnu,
         limits.semmsl, limits.semopm, limits.semume, limits.semusz, limits.semvmx, limits.semaem);
    CHECK(semctl(0, 0, SEM_INFO, (union semun){.info = &limits}) == highest);
    SHOW("usage", "%d %d", limits.semusz, limits.semaem);
    struct semid_ds status;
    CHECK(semctl(highest, 0, SEM_STAT, (union semun){.buf = &status}) == id);
    SHOW("length", "%lu", status.sem_nsems);
    char line[256];
    FILE *table = fopen("/proc/sysvipc/sem", "r");
    fgets(line, sizeof line, table);
    SHOW("header", "%s", line);
    while (fgets(line, sizeof line, table)) {
        int key, number, mode, count;
        sscanf(line, "%d %d %o %d", &key, &number, &mode, &count);
        if (number == id) SHOW("row", "%d columns, %x %o %d", (int)strlen(line), key, mode, count);
    }
    fclose(table);
    FILE *setting = fopen("/proc/sys/kernel/sem", "r");
    fgets(line, sizeof line, setting);
    SHOW("sem", "%s", line);
    fclose(setting);
    CALL(semctl(id, 0, IPC_RMID));
}

/* A lock between many processes: nobody loses an increment, and who is killed gives the lock back. */
static void stress(void) {
    int id = semget(IPC_PRIVATE, 2, 0600);
    semctl(id, 0, SETVAL, (union semun){.val = 1});
    for (int i = 0; i < 6; i++) {
        if (fork()) continue;
        for (int round = 0; round < 50; round++) {
            change(id, 0, -1, SEM_UNDO);
            int now = value(id, 1);
            semctl(id, 1, SETVAL, (union semun){.val = now + 1});
            if (i == 5 && round == 25) kill(getpid(), SIGKILL);
            change(id, 0, 1, SEM_UNDO);
        }
        _exit(0);
    }
    while (wait(NULL) > 0) {}
    SHOW("together", "%d, lock %d", value(id, 1), value(id, 0));
    CALL(semctl(id, 0, IPC_RMID));
}

int main(void) {
    keys();
    values();
    waiting();
    undoing();
    rights();
    information();
    stress();
    END();
}
