/* Who a message is from, when real and effective ids differ: real ones, unless the sender says so. */
#include "check.h"
#include <grp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

static void receive(int socket) {
    char control[256], text[16] = "";
    struct iovec piece = { text, sizeof text - 1 };
    struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    long count = recvmsg(socket, &message, MSG_DONTWAIT);
    SHOW("received", "%ld %s", count, text);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (count >= 0 && header && header->cmsg_type == SCM_CREDENTIALS) {
        struct ucred who;
        memcpy(&who, CMSG_DATA(header), sizeof who);
        SHOW("from", "%d %u %u", who.pid == getpid(), who.uid, who.gid);
    }
}

static long claim(int socket, uid_t user, gid_t group) {
    struct ucred who = { getpid(), user, group };
    char control[CMSG_SPACE(sizeof who)] = { 0 };
    struct iovec piece = { "claimed", 7 };
    struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_CREDENTIALS;
    header->cmsg_len = CMSG_LEN(sizeof who);
    memcpy(CMSG_DATA(header), &who, sizeof who);
    return sendmsg(socket, &message, 0);
}

static void talk(int kind) {
    int pair[2], on = 1;
    CALL(socketpair(AF_UNIX, kind, 0, pair));
    struct ucred peer;
    socklen_t length = sizeof peer;
    CALL(getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &peer, &length));
    SHOW("peer", "%u %u", peer.uid, peer.gid);
    CALL(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    CALL(write(pair[0], "write", 5));
    receive(pair[1]);
    CALL(send(pair[0], "send", 4, 0));
    receive(pair[1]);
    struct iovec piece = { "sendmsg", 7 };
    struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };
    CALL(sendmsg(pair[0], &message, 0));
    receive(pair[1]);
    CALL(claim(pair[0], 2000, 200));
    receive(pair[1]);
    CALL(claim(pair[0], 3000, 100));
    receive(pair[1]);
    CALL(claim(pair[0], 4000, 100));
    receive(pair[1]);
    close(pair[0]);
    close(pair[1]);
}

int main(void) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        setgroups(0, NULL);
        setresgid(100, 200, 300);
        setresuid(1000, 2000, 3000);
        talk(SOCK_STREAM);
        talk(SOCK_DGRAM);
        talk(SOCK_SEQPACKET);
        fflush(stdout);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    SHOW("status", "%d", status);
    END();
}
