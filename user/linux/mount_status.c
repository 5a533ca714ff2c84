/* statmount and listmount, and the numbers of mounts that are never given twice (statx, STATX_MNT_ID_UNIQUE). */
#include "mounts.h"
#include <stdint.h>
#include <sys/sysmacros.h>

enum { STATMOUNT = 457, LISTMOUNT = 458 };
enum { SB_BASIC = 1, BASIC = 2, FROM = 4, ROOT = 8, POINT = 0x10, TYPE = 0x20, NAMESPACE = 0x40, OPTIONS = 0x80 };
enum { EVERYTHING = 0xff, REVERSE = 1 };
#define ALL_OF_THEM UINT64_MAX
#define UNIQUE 0x4000u

struct request { uint32_t size, spare; uint64_t mount, parameter, namespace; };
struct status {
    uint32_t size, options;
    uint64_t mask;
    uint32_t major, minor;
    uint64_t magic;
    uint32_t super_flags, type;
    uint64_t mount, parent;
    uint32_t old_mount, old_parent;
    uint64_t attributes, propagation, group, master, from;
    uint32_t root, point;
    uint64_t namespace, spare[49];
    char text[];
};

static long status_of(uint64_t mount, uint64_t mask, void *buffer, size_t size) {
    struct request request = { sizeof request, 0, mount, mask, 0 };
    return syscall(STATMOUNT, &request, buffer, size, 0);
}

static long list(uint64_t mount, uint64_t after, uint64_t *found, size_t room, unsigned flags) {
    struct request request = { sizeof request, 0, mount, after, 0 };
    return syscall(LISTMOUNT, &request, found, room, flags);
}

/* `stx_mnt_id`, which this library's header may not know of. */
static uint64_t number_in(const struct statx *status) {
    uint64_t number;
    memcpy(&number, (const char *)status + 0x90, sizeof number);
    return number;
}

static uint64_t number(const char *place, unsigned wanted, unsigned *given) {
    struct statx status;
    if (statx(AT_FDCWD, place, 0, wanted, &status)) perror(place);
    if (given) *given = status.stx_mask & (UNIQUE | 0x1000);
    return number_in(&status);
}

static uint64_t unique(const char *place) { return number(place, UNIQUE, NULL); }

static union { struct status status; char bytes[8192]; } room;

static void show(const char *what, uint64_t mount, uint64_t mask) {
    memset(&room, 0x5a, sizeof room);
    long result = status_of(mount, mask, &room, sizeof room);
    struct status *status = &room.status;
    if (result) {
        SHOW(what, "%s", strerrorname_np(errno));
        return;
    }
    printf("%s: mask %llx", what, (unsigned long long)status->mask);
    if (status->mask & SB_BASIC) printf(" magic %llx flags %x", (unsigned long long)status->magic, status->super_flags);
    if (status->mask & BASIC)
        printf(" attributes %llx propagation %llx group %c master %c", (unsigned long long)status->attributes,
               (unsigned long long)status->propagation, status->group ? letter(status->group) : '-',
               status->master ? letter(status->master) : '-');
    if (status->mask & FROM) printf(" from %c", status->from ? letter(status->from) : '-');
    if (status->mask & TYPE) printf(" type '%s'", status->text + status->type);
    if (status->mask & ROOT) printf(" root '%s'", status->text + status->root);
    if (status->mask & POINT) {
        char *point = status->text + status->point;
        size_t length = strlen(base);
        printf(" point '%s'", strncmp(point, base, length) ? point : point + length);
    }
    if (status->mask & OPTIONS) printf(" options");
    if (status->mask & NAMESPACE) printf(" namespace %s", status->namespace ? "known" : "none");
    puts("");
    fflush(stdout);
}

static void fields(void) {
    puts("fields");
    dirs("a b c");
    tmpfs("a");
    dirs("a/in a/in/side");
    bind("a/in", "b");
    show("nothing", unique("a"), 0);
    show("file system", unique("a"), SB_BASIC);
    show("mount", unique("a"), BASIC);
    show("type", unique("a"), TYPE);
    show("part", unique("b"), ROOT | POINT);
    show("all", unique("b"), EVERYTHING & ~(OPTIONS | NAMESPACE));
    show("unknown too", unique("b"), 0xff00000000000000 | TYPE);
    struct status *status = &room.status;
    status_of(unique("a"), BASIC | SB_BASIC, &room, sizeof room);
    CHECK(status->mount == unique("a"));
    CHECK(status->parent == unique("."));
    CHECK(status->old_mount == number("a", 0x1000, NULL));
    CHECK(status->old_parent == number(".", 0x1000, NULL));
    CHECK(status->mount > UINT32_MAX / 2);
    CHECK(status->size == 512);
    struct stat file;
    stat("a", &file);
    CHECK(makedev(status->major, status->minor) == file.st_dev);
    status_of(unique("."), NAMESPACE, &room, sizeof room);
    uint64_t here = status->namespace;
    status_of(unique("b"), NAMESPACE, &room, sizeof room);
    CHECK(status->namespace == here && here);
    status_of(unique("a"), OPTIONS, &room, sizeof room);
    if (status->mask & OPTIONS) CHECK(status->text[status->options] != ',');
    memset(&room, 0, sizeof room);
    status_of(unique("b"), TYPE | ROOT | POINT, &room, sizeof room);
    SHOW("layout", "%zu %u %u %u %u", status->size - strlen(base), status->type, status->root, status->point, status->options);
    mount("none", "c", "proc", 0, NULL);
    memset(&room, 0, sizeof room);
    status_of(unique("c"), OPTIONS | TYPE, &room, sizeof room);
    SHOW("no options", "%llx %u %u", (unsigned long long)status->mask, status->options, status->size);
    status_of(unique("c"), OPTIONS, &room, sizeof room);
    SHOW("no text", "%llx %u", (unsigned long long)status->mask, status->size);
    CALL(status_of(unique("c"), OPTIONS, &room, 512));
    CALL(status_of(unique("c"), OPTIONS, &room, 513));
}

static void kinds(void) {
    puts("kinds");
    dirs("a b c");
    tmpfs("a");
    bind("a", "b");
    mount(NULL, "a", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME, NULL);
    show("restricted", unique("a"), BASIC | SB_BASIC);
    mount(NULL, "a", NULL, MS_REMOUNT | MS_BIND | MS_NODIRATIME | MS_STRICTATIME | MS_NOSYMFOLLOW, NULL);
    show("times", unique("a"), BASIC);
    mount(NULL, "a", NULL, MS_REMOUNT | MS_RDONLY, NULL);
    show("wholly read-only", unique("a"), BASIC | SB_BASIC);
    mount(NULL, "a", NULL, MS_REMOUNT, NULL);
    make("a", MS_SHARED);
    show("shared", unique("a"), BASIC | FROM);
    bind("a", "c");
    show("peer", unique("c"), BASIC | FROM);
    make("c", MS_SLAVE);
    show("slave", unique("c"), BASIC | FROM);
    make("c", MS_SHARED);
    show("both", unique("c"), BASIC | FROM);
    dirs("d");
    bind("c", "d");
    make("d", MS_SLAVE);
    show("slave of that", unique("d"), BASIC | FROM);
    umount("c");
    show("left alone", unique("d"), BASIC | FROM);
    umount("a");
    show("without a peer in sight", unique("d"), BASIC | FROM);
    umount("d");
    make("b", MS_UNBINDABLE);
    show("unbindable", unique("b"), BASIC);
}

static void refusals(void) {
    puts("refusals");
    static uint64_t found[64];
    uint64_t here = unique(".");
    struct request request = { sizeof request, 0, here, BASIC, 0 };
    CALL(syscall(STATMOUNT, &request, &room, sizeof room, 1));
    CALL(syscall(STATMOUNT, NULL, &room, sizeof room, 0));
    CALL(syscall(STATMOUNT, &request, NULL, sizeof room, 0));
    CALL(syscall(STATMOUNT, &request, NULL, 0, 0));
    CALL(syscall(STATMOUNT, &request, -4096, sizeof room, 0));
    request.size = 8;
    CALL(syscall(STATMOUNT, &request, &room, sizeof room, 0));
    request.size = 24;
    CALL(syscall(STATMOUNT, &request, &room, sizeof room, 0));
    request.size = 5000;
    CALL(syscall(STATMOUNT, &request, &room, sizeof room, 0));
    static struct { struct request known; uint64_t more; } longer;
    longer.known = request;
    longer.known.size = sizeof longer;
    CALL(syscall(STATMOUNT, &longer, &room, sizeof room, 0));
    longer.more = 1;
    CALL(syscall(STATMOUNT, &longer, &room, sizeof room, 0));
    CALL(status_of(0, BASIC, &room, sizeof room));
    CALL(status_of(number(".", 0x1000, NULL), BASIC, &room, sizeof room));
    CALL(status_of(here + (1ull << 40), BASIC, &room, sizeof room));
    CALL(status_of(ALL_OF_THEM, BASIC, &room, sizeof room));
    request = (struct request){ sizeof request, 0, here, BASIC, 1ull << 50 };
    CALL(syscall(STATMOUNT, &request, &room, sizeof room, 0));
    status_of(here, NAMESPACE, &room, sizeof room);
    request.namespace = room.status.namespace;
    CALL(syscall(STATMOUNT, &request, &room, sizeof room, 0));
    puts("room");
    memset(&room, 0x5a, sizeof room);
    CALL(status_of(here, BASIC, &room, 16));
    SHOW("short", "%u %x", room.status.size, room.status.super_flags);
    CALL(status_of(here, TYPE, &room, 512));
    CALL(status_of(here, TYPE, &room, 517));
    CALL(status_of(here, TYPE, &room, 518));
    CALL(status_of(here, TYPE, &room, 519));
    SHOW("size", "%u", room.status.size);
    CALL(status_of(here, 0, &room, 0));
    struct statx there;
    CALL(statx(AT_FDCWD, ".", 0, 0, &there));
    CALL(status_of(here, SB_BASIC, &room, sizeof room));
    CHECK(room.status.major == there.stx_dev_major && room.status.minor == there.stx_dev_minor);
    puts("listmount");
    CALL(list(here, 5, found, 64, 0));
    CALL(list(here, 0, found, 64, 2));
    CALL(list(0, 0, found, 64, 0));
    CALL(list(here + (1ull << 40), 0, found, 64, 0));
    CALL(list(here, 0, NULL, 64, 0));
    CALL(list(here, 0, found, 0, 0));
    CALL(list(here, 0, found, 1000001, 0));
    CALL(list(here, 0, (uint64_t *)-4096, 64, 0));
    CALL(syscall(LISTMOUNT, NULL, found, 64, 0));
}

/* Which of the mounts of this program were found, by their letters. */
static void show_list(const char *what, uint64_t mount, uint64_t after, size_t count, unsigned flags) {
    static uint64_t found[64];
    long result = list(mount, after, found, count, flags);
    if (result < 0) {
        SHOW(what, "%s", strerrorname_np(errno));
        return;
    }
    printf("%s:", what);
    for (long i = 0; i < result; i++) {
        memset(&room, 0, sizeof room);
        if (status_of(found[i], POINT, &room, sizeof room)) printf(" %s", strerrorname_np(errno));
        else printf(" '%s'", strncmp(room.status.text + room.status.point, base, strlen(base)) ? "elsewhere" : room.status.text + room.status.point + strlen(base));
    }
    puts("");
    fflush(stdout);
}

static void lists(void) {
    puts("lists");
    dirs("x y");
    tmpfs("x");
    dirs("x/one x/two");
    tmpfs("x/one");
    tmpfs("x/two");
    dirs("x/two/deep");
    tmpfs("x/two/deep");
    tmpfs("y");
    uint64_t here = unique("."), one = unique("x/one"), deep = unique("x/two/deep");
    show_list("below the playground", here, 0, 64, 0);
    show_list("below x", unique("x"), 0, 64, 0);
    show_list("nothing below", unique("y"), 0, 64, 0);
    show_list("backwards", here, 0, 64, REVERSE);
    show_list("two of them", here, 0, 2, 0);
    show_list("the next", here, one, 2, 0);
    show_list("before one", here, one, 64, REVERSE);
    show_list("behind the last", unique("x"), deep, 64, 0);
    static uint64_t found[64];
    long count = list(ALL_OF_THEM, 0, found, 64, 0), own = list(here, 0, found + 32, 32, 0);
    CHECK(count > own);
    int rising = 1;
    for (long i = 1; i < count; i++) rising &= found[i - 1] < found[i];
    CHECK(rising);
    move("x", "y");
    show_list("moved", here, 0, 64, 0);
    uint64_t before = unique("y/one");
    umount("y/one");
    tmpfs("y/one");
    CHECK(unique("y/one") > before);
    show("gone", before, BASIC);
    show_list("gone", before, 0, 64, 0);
}

/* From inside a changed root, and of another's mounts. */
static void outside(void) {
    puts("outside");
    uint64_t here = unique("."), top = unique("/"), y = unique("y"), deep = unique("y/two/deep");
    fflush(stdout);
    if (fork() == 0) {
        if (chroot("y/two") || chdir("/")) perror("chroot");
        base[0] = 0;
        show("own root", unique("/"), POINT | ROOT);
        show("in it", deep, POINT);
        show("above it", y, POINT | BASIC);
        show("the top", top, POINT);
        show_list("the root's", ALL_OF_THEM, 0, 64, 0);
        if (setuid(1000)) perror("setuid");
        show("in it, as a user", deep, POINT);
        show("above it, as a user", y, BASIC);
        show_list("above it, as a user", y, 0, 64, 0);
        show_list("the root's, as a user", ALL_OF_THEM, 0, 64, 0);
        exit(0);
    }
    wait(NULL);
    fflush(stdout);
    if (fork() == 0) {
        if (unshare(CLONE_NEWNS)) perror("unshare");
        show("of another namespace", here, BASIC);
        show("of its own", unique("."), POINT);
        exit(0);
    }
    wait(NULL);
    int tree = syscall(SYS_open_tree, AT_FDCWD, "y", 1);
    struct statx status;
    statx(tree, "", AT_EMPTY_PATH, UNIQUE, &status);
    show("attached nowhere", number_in(&status), BASIC);
}

int main(void) {
    unsigned given;
    playground();
    number(".", 0, &given);
    SHOW("by itself", "%x", given);
    number(".", 0x1000, &given);
    SHOW("the old number", "%x", given);
    number(".", UNIQUE, &given);
    SHOW("the unique one", "%x", given);
    number(".", UNIQUE | 0x1000, &given);
    SHOW("both", "%x", given);
    CHECK(unique(".") == unique("."));
    fields();
    clean();
    kinds();
    clean();
    refusals();
    lists();
    outside();
    END();
}
