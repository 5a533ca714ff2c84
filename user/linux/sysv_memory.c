/* System V's shared memory: keys and identifiers, attaching and detaching, what is counted, who may, and what is
 * left when processes fork, execute and end. */
#include "check.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>

#define KEY 0x5ca71e7
#define PAGE 4096

static struct shmid_ds status_of(int id) {
    struct shmid_ds status;
    memset(&status, 0, sizeof status);
    if (shmctl(id, IPC_STAT, &status)) perror("IPC_STAT");
    return status;
}

static void show(const char *what, int id) {
    struct shmid_ds status = status_of(id);
    SHOW(what, "%ld bytes, attached %ld, mode %o, %s %s %s, creator %s, last %s", (long)status.shm_segsz,
         (long)status.shm_nattch, status.shm_perm.mode, status.shm_atime ? "attached" : "-",
         status.shm_dtime ? "detached" : "-", status.shm_ctime ? "changed" : "-",
         status.shm_cpid == getpid() ? "me" : "other",
         status.shm_lpid == getpid() ? "me" : status.shm_lpid ? "other" : "none");
}

static void keys(void) {
    CALL(shmget(KEY, 100, 0600));
    int id = shmget(KEY, 5000, IPC_CREAT | IPC_EXCL | 0640);
    CHECK(id >= 0);
    CALL(shmget(KEY, 5000, IPC_CREAT | IPC_EXCL | 0640));
    CHECK(shmget(KEY, 5000, 0640) == id);
    CHECK(shmget(KEY, 0, 0) == id);
    CALL(shmget(KEY, 5001, 0));
    CALL(shmget(KEY + 1, 0, IPC_CREAT | 0600));
    CALL(shmget(IPC_PRIVATE, 0, 0600));
    CALL(shmget(IPC_PRIVATE, ~0ul, 0600));
    CALL(shmget(IPC_PRIVATE, 1ul << 60, 0600));
    int one = shmget(IPC_PRIVATE, 1, 0600), two = shmget(IPC_PRIVATE, 1, 0600);
    CHECK(one >= 0 && two >= 0 && one != two);
    show("new", id);
    struct shmid_ds status = status_of(id);
    CHECK(status.shm_perm.__key == KEY);
    CHECK(status.shm_perm.__seq == id >> 15);
    CALL(shmctl(id, IPC_RMID, NULL));
    CALL(shmctl(id, IPC_RMID, NULL));
    CALL(shmctl(id, IPC_STAT, &status));
    CALL(shmget(KEY, 100, 0600));
    OK(shmat(id, NULL, 0));
    CALL(shmctl(one, IPC_RMID, NULL));
    CALL(shmctl(two, IPC_RMID, NULL));
    CALL(shmctl(-1, IPC_RMID, NULL));
    CALL(shmctl(0x7fffffff, IPC_RMID, NULL));
    CALL(shmctl(0, -1, NULL));
    CALL(shmctl(0, 99, NULL));
    OK(shmat(-1, NULL, 0));
    OK(shmat(0x7fff0000, NULL, 0));
}

static void attaching(void) {
    int id = shmget(IPC_PRIVATE, 3 * PAGE - 100, 0600);
    char *one = shmat(id, NULL, 0);
    CHECK(one != (void *)-1);
    strcpy(one + PAGE, "shared");
    show("attached", id);
    char *two = shmat(id, NULL, SHM_RDONLY);
    CHECK(two != one && !strcmp(two + PAGE, "shared"));
    CALL(mprotect(two, PAGE, PROT_READ | PROT_WRITE));
    strcpy(one, "seen");
    SHOW("text", "%s", two);
    CHECK(one[3 * PAGE - 1] == 0);
    one[3 * PAGE - 1] = 1;
    CHECK(two[3 * PAGE - 1] == 1);
    show("twice", id);
    /* What is there already is not replaced without being asked. */
    OK(shmat(id, one, 0));
    OK(shmat(id, one + 1, 0));
    OK(shmat(id, NULL, SHM_REMAP));
    char *hole = mmap(NULL, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(shmat(id, hole, SHM_REMAP) == hole);
    CHECK(!strcmp(hole, "seen"));
    CALL(munmap(hole + 4 * PAGE, 4 * PAGE));
    CHECK(shmat(id, hole + 4 * PAGE + 77, SHM_RND) == hole + 4 * PAGE);
    show("four times", id);
    CALL(shmdt(hole + PAGE));
    CALL(shmdt(hole + 1));
    CALL(shmdt(NULL));
    CALL(shmdt(hole));
    CALL(shmdt(hole));
    CALL(shmdt(hole + 4 * PAGE));
    CHECK(mmap(hole + 3 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED);
    show("twice again", id);
    CALL(shmctl(id, IPC_RMID, NULL));
    show("removed", id);
    char *three = shmat(id, NULL, 0);
    CHECK(three != (void *)-1 && !strcmp(three, "seen"));
    CALL(shmdt(one));
    CALL(shmdt(two));
    show("last", id);
    CALL(shmdt(three));
    struct shmid_ds status;
    CALL(shmctl(id, IPC_STAT, &status));
    int again = shmget(KEY, PAGE, IPC_CREAT | 0600);
    char *map = shmat(again, NULL, 0);
    CALL(shmctl(again, IPC_RMID, NULL));
    CALL(shmget(KEY, PAGE, 0600));
    SHOW("key of a removed one", "%d", status_of(again).shm_perm.__key);
    CALL(shmdt(map));
}

/* Areas are what is counted. */
static void pieces(void) {
    int id = shmget(IPC_PRIVATE, 6 * PAGE, 0600);
    char *map = shmat(id, NULL, 0);
    for (int page = 0; page < 6; page++) map[page * PAGE] = 'a' + page;
    CALL(munmap(map + 2 * PAGE, PAGE));
    SHOW("with a hole", "%ld", (long)status_of(id).shm_nattch);
    CALL(mprotect(map + 4 * PAGE, PAGE, PROT_READ));
    SHOW("protected", "%ld", (long)status_of(id).shm_nattch);
    CALL(mprotect(map + 4 * PAGE, PAGE, PROT_READ | PROT_WRITE));
    void *other = mmap(map + 2 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(other == map + 2 * PAGE);
    CALL(shmdt(map));
    SHOW("detached", "%ld", (long)status_of(id).shm_nattch);
    /* What lies between is somebody else's. */
    CHECK(*(char *)other == 0);
    CALL(munmap(other, PAGE));
    map = shmat(id, NULL, 0);
    SHOW("kept", "%c%c", map[0], map[5 * PAGE]);
    CALL(munmap(map, PAGE));
    CALL(shmdt(map));
    SHOW("without its beginning", "%ld", (long)status_of(id).shm_nattch);
    map = shmat(id, NULL, 0);
    char *moved = mremap(map, 6 * PAGE, 6 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, map - 64 * PAGE);
    CHECK(moved == map - 64 * PAGE && moved[PAGE] == 'b');
    SHOW("moved", "%ld", (long)status_of(id).shm_nattch);
    CALL(shmctl(id, IPC_RMID, NULL));
    CALL(munmap(moved, 6 * PAGE));
    CALL(shmctl(id, IPC_STAT, &(struct shmid_ds){0}));
}

static void families(const char *self) {
    int id = shmget(IPC_PRIVATE, PAGE, 0600);
    volatile int *map = shmat(id, NULL, 0);
    int ready[2], go[2];
    pipe(ready), pipe(go);
    char byte = 0;
    pid_t child = fork();
    if (!child) {
        map[0] = 42;
        write(ready[1], &byte, 1);
        read(go[0], &byte, 1);
        char *again = shmat(id, NULL, 0);
        (void)again;
        write(ready[1], &byte, 1);
        read(go[0], &byte, 1);
        _exit(0);
    }
    read(ready[0], &byte, 1);
    SHOW("after fork", "%ld, %d", (long)status_of(id).shm_nattch, map[0]);
    write(go[1], &byte, 1);
    read(ready[0], &byte, 1);
    SHOW("child attached", "%ld", (long)status_of(id).shm_nattch);
    write(go[1], &byte, 1);
    waitpid(child, NULL, 0);
    SHOW("child ended", "%ld", (long)status_of(id).shm_nattch);
    CHECK(status_of(id).shm_lpid == child);
    child = fork();
    if (!child) {
        char number[16];
        sprintf(number, "%d", id);
        execl(self, self, number, NULL);
        _exit(9);
    }
    int result;
    waitpid(child, &result, 0);
    SHOW("counted by who was executed", "%d", WEXITSTATUS(result));
    child = fork();
    if (!child) { for (;;) pause(); }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    SHOW("child killed", "%ld", (long)status_of(id).shm_nattch);
    /* Removed, it stays for as long as anybody has it. */
    child = fork();
    if (!child) {
        read(go[0], &byte, 1);
        _exit(map[0]);
    }
    CALL(shmctl(id, IPC_RMID, NULL));
    CALL(shmdt((void *)map));
    SHOW("the child's", "%ld", (long)status_of(id).shm_nattch);
    write(go[1], &byte, 1);
    waitpid(child, &result, 0);
    SHOW("it saw", "%d", WEXITSTATUS(result));
    CALL(shmctl(id, IPC_STAT, &(struct shmid_ds){0}));
}

static void rights(void) {
    int id = shmget(KEY, PAGE, IPC_CREAT | 0640);
    struct shmid_ds status = status_of(id);
    pid_t child = fork();
    if (!child) {
        setgid(1000);
        setuid(1000);
        CALL(shmget(KEY, PAGE, 0));
        CALL(shmget(KEY, PAGE, 0400) == id);
        CALL(shmget(KEY, PAGE, 0004));
        OK(shmat(id, NULL, SHM_RDONLY));
        CALL(shmctl(id, IPC_STAT, &status));
        CALL(shmctl(id, IPC_SET, &status));
        CALL(shmctl(id, IPC_RMID, NULL));
        CALL(shmctl(id, SHM_LOCK, NULL));
        CALL(shmctl(id, IPC_SET, NULL));
        _exit(0);
    }
    waitpid(child, NULL, 0);
    status.shm_perm.gid = 1000;
    status.shm_perm.mode = 0777640;
    CALL(shmctl(id, IPC_SET, &status));
    show("set", id);
    child = fork();
    if (!child) {
        setgid(1000);
        setuid(1000);
        OK(shmat(id, NULL, SHM_RDONLY));
        OK(shmat(id, NULL, 0));
        OK(shmat(id, NULL, SHM_RDONLY | SHM_EXEC));
        CALL(shmctl(id, IPC_STAT, &status));
        _exit(0);
    }
    waitpid(child, NULL, 0);
    status.shm_perm.uid = 1000;
    CALL(shmctl(id, IPC_SET, &status));
    child = fork();
    if (!child) {
        setuid(1000);
        OK(shmat(id, NULL, 0));
        CALL(shmctl(id, SHM_LOCK, NULL));
        show("owned", id);
        CALL(shmctl(id, SHM_UNLOCK, NULL));
        CALL(shmctl(id, IPC_RMID, NULL));
        _exit(0);
    }
    waitpid(child, NULL, 0);
    CALL(shmget(KEY, PAGE, 0));
    status.shm_perm.uid = -1;
    id = shmget(KEY, PAGE, IPC_CREAT | 0600);
    CALL(shmctl(id, IPC_SET, &status));
    CALL(shmctl(id, IPC_RMID, NULL));
}

static void information(void) {
    struct shminfo limits;
    CALL(shmctl(0, IPC_INFO, (void *)&limits));
    SHOW("limits", "%lu %lu %lu %lu %lu", limits.shmmax, limits.shmmin, limits.shmmni, limits.shmseg, limits.shmall);
    int id = shmget(KEY, 10 * PAGE, IPC_CREAT | 0600);
    volatile char *map = shmat(id, NULL, 0);
    map[0] = map[3 * PAGE] = 1;
    struct shm_info usage;
    memset(&usage, 0, sizeof usage);
    int highest = shmctl(0, SHM_INFO, (void *)&usage);
    SHOW("usage", "%d segments, %lu pages, %lu resident", usage.used_ids, usage.shm_tot, usage.shm_rss);
    struct shmid_ds status;
    CHECK(shmctl(highest, SHM_STAT, &status) == id);
    CHECK(shmctl(highest, 15, &status) == id);
    CHECK(status.shm_perm.__key == KEY);
    CALL(shmctl(highest + 1, SHM_STAT, &status));
    char line[512], name[64];
    sprintf(name, "/SYSV%08x", KEY);
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps)) {
        char *found = strstr(line, name);
        if (!found) continue;
        char bits[8], offset[16];
        unsigned long inode;
        sscanf(line, "%*s %7s %15s %*s %lu", bits, offset, &inode);
        SHOW("maps", "%s %s %s", bits, offset, strtok(found, "\n"));
        CHECK((int)inode == id);
    }
    fclose(maps);
    FILE *table = fopen("/proc/sysvipc/shm", "r");
    fgets(line, sizeof line, table);
    SHOW("header", "%s", line);
    while (fgets(line, sizeof line, table)) {
        int key, number, mode, attached;
        unsigned long bytes;
        sscanf(line, "%d %d %o %lu %*d %*d %d", &key, &number, &mode, &bytes, &attached);
        if (number == id) SHOW("row", "%d columns, %x %o %lu %d", (int)strlen(line), key, mode, bytes, attached);
    }
    fclose(table);
    const char *settings[] = {"shmmax", "shmall", "shmmni"};
    for (int i = 0; i < 3; i++) {
        sprintf(name, "/proc/sys/kernel/%s", settings[i]);
        FILE *file = fopen(name, "r");
        fgets(line, sizeof line, file);
        SHOW(settings[i], "%s", line);
        fclose(file);
    }
    CALL(shmctl(id, IPC_RMID, NULL));
    CALL(shmdt((void *)map));
    /* Identifiers rise, and one that was removed means nothing for a long time. */
    int first = shmget(IPC_PRIVATE, 1, 0600), last = first, rising = 1;
    shmctl(first, IPC_RMID, NULL);
    for (int i = 0; i < 200; i++) {
        int next = shmget(IPC_PRIVATE, 1, 0600);
        rising &= next > last;
        last = next;
        shmctl(next, IPC_RMID, NULL);
    }
    CHECK(rising);
    CALL(shmctl(first, IPC_STAT, &status));
}

/* Many processes attach, fork and end at once; in the end nothing is left. */
static void stress(void) {
    int id = shmget(IPC_PRIVATE, 64 * PAGE, 0600);
    int *counts = shmat(id, NULL, 0);
    pid_t children[4];
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        if (children[i]) continue;
        for (int round = 0; round < 25; round++) {
            pid_t grandchild = fork();
            if (!grandchild) {
                int *own = shmat(id, NULL, round & 1 ? SHM_RDONLY : 0);
                __atomic_fetch_add(&counts[i * 1024 + own[0] % 16], 1, __ATOMIC_RELAXED);
                if (round % 3 == 0) shmdt(counts);
                if (round % 5 == 0) munmap((char *)own + PAGE, PAGE);
                _exit(0);
            }
            waitpid(grandchild, NULL, 0);
        }
        _exit(0);
    }
    for (int i = 0; i < 4; i++) waitpid(children[i], NULL, 0);
    int sum = 0;
    for (int i = 0; i < 64 * 1024; i++) sum += counts[i];
    SHOW("sum", "%d", sum);
    SHOW("attached", "%ld", (long)status_of(id).shm_nattch);
    CALL(shmctl(id, IPC_RMID, NULL));
    CALL(shmdt(counts));
    struct shm_info usage;
    memset(&usage, 0, sizeof usage);
    shmctl(0, SHM_INFO, (void *)&usage);
    SHOW("left", "%d segments, %lu pages", usage.used_ids, usage.shm_tot);
}

int main(int count, char **arguments) {
    if (count > 1) return status_of(atoi(arguments[1])).shm_nattch;
    keys();
    attaching();
    pieces();
    families(arguments[0]);
    rights();
    information();
    stress();
    END();
}
