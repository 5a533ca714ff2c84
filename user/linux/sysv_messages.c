/* System V's message queues: types, order, lengths, waiting for messages and for room, removal, rights and
 * limits. */
#include "check.h"
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/wait.h>

#define KEY 0x5ca71e9
#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

static struct { long type; char text[9000]; } message;

static int put(int id, long type, const char *text, int flags) {
    message.type = type;
    strcpy(message.text, text);
    return msgsnd(id, &message, strlen(text), flags);
}

static void get(int id, size_t room, long type, int flags) {
    memset(&message, 0, sizeof message);
    errno = 0;
    long length = msgrcv(id, &message, room, type, flags);
    if (length < 0) SHOW("received", "%s", strerrorname_np(errno));
    else SHOW("received", "%ld bytes of type %ld: %s", length, message.type, message.text);
}

static struct msqid_ds status_of(int id) {
    struct msqid_ds status;
    memset(&status, 0, sizeof status);
    if (msgctl(id, IPC_STAT, &status)) perror("IPC_STAT");
    return status;
}

static void show(int id) {
    struct msqid_ds status = status_of(id);
    SHOW("queue", "%lu messages, %lu bytes of %lu, mode %o, %s %s %s, sender %s, receiver %s", (long)status.msg_qnum,
         (long)status.__msg_cbytes, (long)status.msg_qbytes, status.msg_perm.mode, status.msg_stime ? "sent" : "-",
         status.msg_rtime ? "received" : "-", status.msg_ctime ? "changed" : "-",
         status.msg_lspid == getpid() ? "me" : status.msg_lspid ? "other" : "none",
         status.msg_lrpid == getpid() ? "me" : status.msg_lrpid ? "other" : "none");
}

static void keys(void) {
    CALL(msgget(KEY, 0600));
    int id = msgget(KEY, IPC_CREAT | IPC_EXCL | 0640);
    CHECK(id >= 0);
    CALL(msgget(KEY, IPC_CREAT | IPC_EXCL | 0640));
    CHECK(msgget(KEY, IPC_CREAT) == id);
    show(id);
    CALL(msgctl(id, IPC_RMID, NULL));
    CALL(msgctl(id, IPC_RMID, NULL));
    CALL(put(id, 1, "x", 0));
    get(id, 10, 0, IPC_NOWAIT);
    CALL(msgctl(-1, IPC_RMID, NULL));
    CALL(msgctl(0, 99, NULL));
}

static void types(void) {
    int id = msgget(IPC_PRIVATE, 0600);
    CALL(put(id, 0, "no type", 0));
    CALL(put(id, -1, "no type", 0));
    CALL(msgsnd(id, (void *)8, 1, 0));
    CALL(msgsnd(id, &message, 8193, 0));
    CALL(msgsnd(id, &message, -1, 0));
    CALL(msgsnd(-1, &message, 1, 0));
    const char *words[] = {"five", "three", "nine", "three again", "", "one"};
    long kinds[] = {5, 3, 9, 3, 7, 1};
    for (int turn = 0; turn < 2; turn++) {
        for (int i = 0; i < 6; i++) put(id, kinds[i], words[i], 0);
        show(id);
        if (turn) {
            get(id, 100, -4, 0);
            get(id, 100, -4, 0);
            get(id, 100, -4, 0);
            get(id, 100, -4, IPC_NOWAIT);
            get(id, 100, (long)(1ul << 63), 0);
            get(id, 100, -100, 0);
            get(id, 100, 0, 0);
        } else {
            get(id, 100, 9, 0);
            get(id, 100, 3, 0);
            get(id, 100, 4, IPC_NOWAIT);
            get(id, 100, 5, MSG_EXCEPT);
            get(id, 0, 7, 0);
            get(id, 3, 5, 0);
            get(id, 3, 5, MSG_NOERROR);
            get(id, 100, 0, MSG_EXCEPT);
        }
        get(id, 100, 0, IPC_NOWAIT);
    }
    show(id);
    get(id, -1, 0, IPC_NOWAIT);
    CALL(put(id, 2, "lost", 0));
    CALL(msgrcv(id, (void *)8, 100, 0, 0));
    get(id, 100, 0, IPC_NOWAIT);
    CALL(msgctl(id, IPC_RMID, NULL));
}

static void room(void) {
    int id = msgget(IPC_PRIVATE, 0600);
    memset(message.text, 'm', sizeof message.text);
    message.type = 1;
    CALL(msgsnd(id, &message, 8192, 0));
    CALL(msgsnd(id, &message, 8192, IPC_NOWAIT));
    CALL(msgsnd(id, &message, 1, IPC_NOWAIT));
    CALL(msgsnd(id, &message, 0, IPC_NOWAIT));
    show(id);
    pid_t child = fork();
    if (!child) {
        message.type = 2;
        CALL(msgsnd(id, &message, 100, 0));
        _exit(0);
    }
    usleep(50000);
    long length = msgrcv(id, &message, 8192, 1, 0);
    waitpid(child, NULL, 0);
    SHOW("made room of", "%ld", length);
    CHECK(status_of(id).msg_lspid == child);
    CALL(msgrcv(id, &message, 8192, 2, 0));
    struct msqid_ds status = status_of(id);
    status.msg_qbytes = 3;
    CALL(msgctl(id, IPC_SET, &status));
    CALL(msgsnd(id, &message, 1, IPC_NOWAIT));
    CALL(msgrcv(id, &message, 8192, 0, 0));
    CALL(msgrcv(id, &message, 8192, 0, 0));
    /* So many bytes are so many messages, too. */
    for (int i = 0; i < 4; i++) CALL(msgsnd(id, &message, 0, IPC_NOWAIT));
    child = fork();
    if (!child) {
        CALL(msgsnd(id, &message, 0, 0));
        _exit(0);
    }
    usleep(50000);
    status.msg_qbytes = 20000;
    int result = msgctl(id, IPC_SET, &status);
    waitpid(child, NULL, 0);
    SHOW("set", "%d", result);
    show(id);
    CALL(msgctl(id, IPC_RMID, NULL));
}

static void nothing(int signal) { (void)signal; }

static void waiting(void) {
    int id = msgget(IPC_PRIVATE, 0600);
    int pipes[2];
    pipe(pipes);
    /* Each waits for a type of its own; the oldest of those that match gets it. */
    long wanted[] = {5, 6, 0, -10};
    pid_t children[4];
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        if (!children[i]) {
            long length = msgrcv(id, &message, 100, wanted[i], 0);
            char result[64];
            int count = sprintf(result, "%c got %ld bytes of type %ld", 'a' + i, length, message.type);
            write(pipes[1], result, count);
            _exit(0);
        }
        usleep(30000);
    }
    long kinds[] = {6, 5, 20, 7};
    for (int i = 0; i < 4; i++) {
        CALL(put(id, kinds[i], "word", 0));
        char result[64] = "";
        read(pipes[0], result, 63); /* only this one could go on */
        SHOW("child", "%s", result);
    }
    for (int i = 0; i < 4; i++) waitpid(children[i], NULL, 0);
    show(id);
    /* A message too long for who waits wakes it, and stays. */
    pid_t child = fork();
    if (!child) {
        get(id, 2, 0, 0);
        _exit(0);
    }
    usleep(50000);
    int sent = put(id, 1, "long", 0);
    waitpid(child, NULL, 0);
    SHOW("sent", "%d", sent);
    get(id, 100, 0, IPC_NOWAIT);
    struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    for (int turn = 0; turn < 2; turn++) {
        if (turn) while (!put(id, 2, "0123456789", IPC_NOWAIT)) {}
        child = fork();
        if (!child) {
            if (turn) CALL(put(id, 1, "0123456789", 0));
            else get(id, 100, 0, 0);
            _exit(0);
        }
        usleep(50000);
        kill(child, SIGSTOP);
        kill(child, SIGCONT);
        usleep(50000);
        kill(child, SIGUSR1);
        waitpid(child, NULL, 0);
    }
    for (int turn = 0; turn < 2; turn++) {
        children[turn] = fork();
        if (!children[turn]) {
            long done = turn ? put(id, 1, "0123456789", 0) : msgrcv(id, &message, 100, 1, 0);
            _exit(done < 0 && errno == EIDRM);
        }
        usleep(50000);
    }
    CALL(msgctl(id, IPC_RMID, NULL));
    for (int turn = 0; turn < 2; turn++) {
        int ended;
        waitpid(children[turn], &ended, 0);
        SHOW("removed under it", "%d", WEXITSTATUS(ended));
    }
}

static void rights(void) {
    int id = msgget(KEY, IPC_CREAT | 0640);
    struct msqid_ds status = status_of(id);
    for (int turn = 0; turn < 3; turn++) {
        put(id, 4, "secret", 0);
        pid_t child = fork();
        if (!child) {
            setgid(1000);
            setuid(1000);
            CALL(msgget(KEY, 0) == id);
            CALL(msgget(KEY, 0200));
            CALL(put(id, 1, "x", IPC_NOWAIT));
            get(id, 100, 0, IPC_NOWAIT);
            CALL(msgctl(id, IPC_STAT, &status));
            status.msg_qbytes = 100;
            CALL(msgctl(id, IPC_SET, &status));
            status.msg_qbytes = 16385;
            CALL(msgctl(id, IPC_SET, &status));
            if (turn < 2) CALL(msgctl(id, IPC_RMID, NULL));
            _exit(0);
        }
        waitpid(child, NULL, 0);
        if (turn) status.msg_perm.uid = 1000;
        else status.msg_perm.gid = 1000;
        CALL(msgctl(id, IPC_SET, &status));
    }
    CALL(msgctl(id, IPC_RMID, NULL));
}

static void information(void) {
    int id = msgget(KEY, IPC_CREAT | 0600);
    put(id, 1, "hello", 0);
    put(id, 1, "again", 0);
    struct msginfo limits;
    int highest = msgctl(0, IPC_INFO, (void *)&limits);
    SHOW("limits", "%d %d %d %d %d %d %d %u", limits.msgpool, limits.msgmap, limits.msgmax, limits.msgmnb,
         limits.msgmni, limits.msgssz, limits.msgtql, limits.msgseg);
    CHECK(msgctl(0, MSG_INFO, (void *)&limits) == highest);
    SHOW("usage", "%d queues, %d messages, %d bytes", limits.msgpool, limits.msgmap, limits.msgtql);
    struct msqid_ds status;
    CHECK(msgctl(highest, MSG_STAT, &status) == id);
    SHOW("by place", "%lu", (long)status.msg_qnum);
    char line[256], name[64];
    FILE *table = fopen("/proc/sysvipc/msg", "r");
    fgets(line, sizeof line, table);
    SHOW("header", "%s", line);
    while (fgets(line, sizeof line, table)) {
        int key, number, mode, bytes, count;
        sscanf(line, "%d %d %o %d %d", &key, &number, &mode, &bytes, &count);
        if (number == id) SHOW("row", "%d columns, %x %o %d %d", (int)strlen(line), key, mode, bytes, count);
    }
    fclose(table);
    const char *settings[] = {"msgmax", "msgmnb", "msgmni"};
    for (int i = 0; i < 3; i++) {
        sprintf(name, "/proc/sys/kernel/%s", settings[i]);
        FILE *file = fopen(name, "r");
        fgets(line, sizeof line, file);
        SHOW(settings[i], "%s", line);
        fclose(file);
    }
    CALL(msgctl(id, IPC_RMID, NULL));
}

/* Many senders, many receivers: every message arrives once. */
static void stress(void) {
    int id = msgget(IPC_PRIVATE, 0600);
    int pipes[2];
    pipe(pipes);
    for (int i = 0; i < 4; i++) {
        if (!fork()) {
            for (int number = 1; number <= 200; number++) {
                message.type = i + 1;
                memcpy(message.text, &number, sizeof number);
                msgsnd(id, &message, 4 + number, 0);
            }
            _exit(0);
        }
        if (!fork()) {
            long sum = 0;
            for (int turn = 0; turn < 200; turn++) {
                int number;
                msgrcv(id, &message, 8192, i + 1, 0);
                memcpy(&number, message.text, sizeof number);
                sum += number;
            }
            write(pipes[1], &sum, sizeof sum);
            _exit(0);
        }
    }
    long all = 0;
    for (int i = 0; i < 4; i++) {
        long sum;
        read(pipes[0], &sum, sizeof sum);
        all += sum;
    }
    while (wait(NULL) > 0) {}
    SHOW("sum", "%ld", all);
    show(id);
    CALL(msgctl(id, IPC_RMID, NULL));
}

int main(void) {
    keys();
    types();
    room();
    waiting();
    rights();
    information();
    stress();
    END();
}
