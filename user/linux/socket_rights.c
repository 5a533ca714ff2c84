/* What travels along: descriptors and credentials; who asks for them; what is cut. */
#include "check.h"
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

static long transmit(int socket, int *files, int count, const char *text) {
    char control[1024] = { 0 };
    struct iovec piece = { (void *)text, strlen(text) };
    struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };
    if (count) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(header), files, count * sizeof(int));
    }
    return sendmsg(socket, &message, 0);
}

/* Receives and shows what came; gives the first descriptor. */
static int receive(int socket, size_t room, int flags) {
    char control[1024], text[64] = "";
    struct iovec piece = { text, sizeof text - 1 };
    struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room };
    long count = recvmsg(socket, &message, flags);
    int first = -1;
    SHOW("received", "%ld '%s' flags %x control %zu", count, text, message.msg_flags, (size_t)message.msg_controllen);
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        SHOW("  part", "%d %d %zu", header->cmsg_level, header->cmsg_type, (size_t)header->cmsg_len);
        if (header->cmsg_type == SCM_RIGHTS) memcpy(&first, CMSG_DATA(header), sizeof first);
        if (header->cmsg_type == SCM_CREDENTIALS) {
            struct ucred who;
            memcpy(&who, CMSG_DATA(header), sizeof who);
            SHOW("  from", "%s %u %u", who.pid == getpid() ? "self" : who.pid ? "other" : "none", who.uid, who.gid);
        }
    }
    return first;
}

int main(void) {
    int pair[2], ends[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    pipe(ends);
    CALL(transmit(pair[0], &ends[1], 1, "pipe"));
    int got = receive(pair[1], 256, MSG_CMSG_CLOEXEC);
    SHOW("close on exec", "%d", fcntl(got, F_GETFD));
    CALL(write(got, "through", 7));
    char text[32];
    CALL(read(ends[0], text, 32));
    /* Bytes with descriptors do not mix with those before and after. */
    CALL(write(pair[0], "before", 6));
    CALL(transmit(pair[0], ends, 2, "two"));
    CALL(write(pair[0], "after", 5));
    receive(pair[1], 256, 0);
    receive(pair[1], 256, MSG_PEEK);
    receive(pair[1], 256, 0);
    /* Room for one of two, and for none. */
    transmit(pair[0], ends, 2, "cut");
    receive(pair[1], CMSG_LEN(sizeof(int)), 0);
    transmit(pair[0], ends, 2, "none");
    receive(pair[1], 0, 0);
    /* A plain read closes what came along. */
    transmit(pair[0], ends, 1, "read");
    CALL(read(pair[1], text, 32));
    int bad = 999;
    CALL(transmit(pair[0], &bad, 1, "bad"));
    int many[254];
    for (int i = 0; i < 254; i++) many[i] = ends[0];
    CALL(transmit(pair[0], many, 254, "many"));
    /* Credentials. */
    int on = 1;
    CALL(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    CALL(write(pair[0], "signed", 6));
    receive(pair[1], 256, 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) _exit(write(pair[0], "child", 5));
    waitpid(child, NULL, 0);
    receive(pair[1], 256, 0);
    /* Messages, and sockets in sockets. */
    int packets[2];
    socketpair(AF_UNIX, SOCK_DGRAM, 0, packets);
    CALL(transmit(packets[0], pair, 2, "sockets"));
    CALL(transmit(packets[0], ends, 1, ""));
    receive(packets[1], 256, 0);
    receive(packets[1], 256, 0);
    /* What nobody receives is closed with the socket: the pipe then has no writer. */
    int last[2];
    pipe(last);
    transmit(packets[0], &last[1], 1, "lost");
    close(last[1]);
    close(packets[0]);
    close(packets[1]);
    CALL(read(last[0], text, 1));
    END();
}
