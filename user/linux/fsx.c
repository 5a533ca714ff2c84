/* Random operations on one file, each checked against a model in memory.
 *
 * fsx FILE SEED OPERATIONS [LENGTH] [KINDS] writes, reads, cuts, grows, maps, punches, copies and splices FILE, of up
 * to LENGTH bytes (256 KiB), and looks after each operation whether the file still is what the model says. The seed
 * decides everything, so a run repeats. At a difference it prints the operations that led there, the oldest first.
 * KINDS, letters of the table below, chooses operations; `s` is left out unless it is asked for: what lies beyond the
 * end in a mapping's last page is not the same on every Linux.
 *
 * Without arguments it is a case of the tests: a short run in the current directory. */
#include "check.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>

enum { MOST = 8 << 20, PIECE = 64 << 10, REMEMBERED = 48, KINDS = 26 };

static unsigned char model[MOST], buffer[MOST];
static long size, most = 256 << 10;
static const char *path;
static int file, ends[2];
static uint64_t state;
static long counts[KINDS], refused[KINDS];

static char remembered[REMEMBERED][160];
static long operation;

static uint64_t number(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static long below(long limit) { return limit > 0 ? (long)(number() % (uint64_t)limit) : 0; }

/* Lengths and places favour the borders of pages and blocks, where mistakes are made. */
static long place(long limit) {
    long at = below(limit);
    switch (below(4)) {
    case 0: return at & ~4095L;
    case 1: return at & ~511L;
    case 2: at = (at & ~4095L) + below(9) - 4; return at < 0 ? 0 : at < limit ? at : limit;
    default: return at;
    }
}

static long length(void) {
    long longest = most / 4 < 4096 ? 4096 : most / 4 > PIECE ? PIECE : most / 4;
    switch (below(4)) {
    case 0: return 1 + below(64);
    case 1: return 1 + below(4096);
    case 2: return (1 + below(longest / 4096)) * 4096;
    default: return 1 + below(longest);
    }
}

static void say(const char *format, ...) {
    va_list list;
    va_start(list, format);
    vsnprintf(remembered[operation % REMEMBERED], sizeof remembered[0], format, list);
    va_end(list);
}

static void fail(const char *format, ...) {
    va_list list;
    long first = operation < REMEMBERED ? 0 : operation - REMEMBERED + 1;
    for (long at = first; at <= operation; at++)
        printf("%8ld %s\n", at, remembered[at % REMEMBERED]);
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    printf(" (errno %s)\n", strerrorname_np(errno));
    fflush(stdout);
    _exit(1);
}

static void compare(const unsigned char *found, long offset, long count, const char *how) {
    if (!memcmp(found, model + offset, count)) return;
    long at = 0, wrong = 0;
    while (found[at] == model[offset + at]) at++;
    for (long i = at; i < count; i++) wrong += found[i] != model[offset + i];
    fail("%s: at %#lx there is %02x, not %02x; %ld of %ld bytes differ, file of %#lx", how, offset + at, found[at],
        model[offset + at], wrong, count, size);
}

/* New bytes: never zero, and different each time, so that what is old or missing shows. */
static void invent(unsigned char *at, long count) {
    uint64_t seed = number();
    for (long i = 0; i < count; i += sizeof seed) {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        uint64_t word = seed | 0x0101010101010101;
        memcpy(at + i, &word, count - i < (long)sizeof word ? count - i : (long)sizeof word);
    }
}

static void grow(long end) {
    if (end > size) size = end;
}

static long whole(long done, long wanted, const char *what) {
    if (done != wanted) fail("%s gave %ld of %ld", what, done, wanted);
    return done;
}

/* Whether an operation is one that this file system does not have: then nothing may have changed. */
static int missing(int kind, long result) {
    if (result != -1 || (errno != EOPNOTSUPP && errno != ENOSYS)) return 0;
    refused[kind]++;
    return 1;
}

static void op_read(void) {
    long offset = place(size + 4096), count = length();
    say("read %#lx +%#lx", offset, count);
    long there = offset < size ? size - offset : 0, wanted = count < there ? count : there;
    if (below(2)) {
        whole(pread(file, buffer, count, offset), wanted, "pread");
    } else {
        long cut = below(count);
        struct iovec two[2] = { { buffer, cut }, { buffer + cut, count - cut } };
        lseek(file, offset, SEEK_SET);
        whole(readv(file, two, 2), wanted, "readv");
        whole(lseek(file, 0, SEEK_CUR), offset + wanted, "the position");
    }
    compare(buffer, offset, wanted, "read");
}

static void op_write(void) {
    long offset = place(most), count = length();
    if (offset + count > most) count = most - offset;
    say("write %#lx +%#lx of %#lx", offset, count, size);
    invent(buffer, count);
    if (below(2)) {
        whole(pwrite(file, buffer, count, offset), count, "pwrite");
    } else {
        long cut = below(count);
        struct iovec two[2] = { { buffer, cut }, { buffer + cut, count - cut } };
        lseek(file, offset, SEEK_SET);
        whole(writev(file, two, 2), count, "writev");
    }
    memcpy(model + offset, buffer, count);
    grow(offset + count);
}

static void op_append(void) {
    long count = length();
    if (size + count > most) count = most - size;
    say("append +%#lx to %#lx", count, size);
    invent(buffer, count);
    fcntl(file, F_SETFL, O_APPEND);
    long done = write(file, buffer, count);
    fcntl(file, F_SETFL, 0);
    whole(done, count, "append");
    memcpy(model + size, buffer, count);
    size += count;
}

static void cut(long end) {
    if (end < size) memset(model + end, 0, size - end);
    size = end;
}

static void op_cut(void) {
    long end = place(size);
    say("truncate %#lx of %#lx", end, size);
    if (below(2) ? ftruncate(file, end) : truncate(path, end)) fail("truncate");
    cut(end);
}

static void op_grow(void) {
    long end = size + place(most - size);
    say("grow %#lx from %#lx", end, size);
    if (ftruncate(file, end)) fail("ftruncate");
    cut(end);
}

static void op_map_read(void) {
    long offset = place(size), count = length();
    if (offset + count > size) count = size - offset;
    say("map and read %#lx +%#lx of %#lx", offset, count, size);
    if (count <= 0) return;
    long base = offset & ~4095L;
    unsigned char *at = mmap(0, offset - base + count, PROT_READ, below(2) ? MAP_SHARED : MAP_PRIVATE, file, base);
    if (at == MAP_FAILED) fail("mmap");
    memcpy(buffer, at + offset - base, count);
    /* The rest of the last page is zero, as far as nobody scribbled there. */
    munmap(at, offset - base + count);
    compare(buffer, offset, count, "a mapping");
}

static void op_map_write(void) {
    long offset = place(most), count = length();
    if (offset + count > most) count = most - offset;
    int grows = below(4) == 0;
    if (!grows && offset + count > size) {
        offset = place(size);
        count = offset + count > size ? size - offset : count;
    }
    say("map and write %#lx +%#lx of %#lx", offset, count, size);
    if (count <= 0) return;
    if (offset + count > size) {
        if (ftruncate(file, offset + count)) fail("ftruncate");
        cut(offset + count);
    }
    long base = offset & ~4095L, all = offset - base + count;
    unsigned char *at = mmap(0, all, PROT_READ | PROT_WRITE, MAP_SHARED, file, base);
    if (at == MAP_FAILED) fail("mmap");
    invent(buffer, count);
    memcpy(at + offset - base, buffer, count);
    memcpy(model + offset, buffer, count);
    long sync = below(32);
    if (sync < 2 && msync(at, all, sync ? MS_SYNC : MS_ASYNC)) fail("msync");
    munmap(at, all);
}

/* A mapping that stays over several operations sees what read and write do, and the reverse. */
static unsigned char *kept;
static long kept_pages;

static void op_keep(void) {
    if (kept) {
        munmap(kept, kept_pages * 4096);
        kept = 0;
        say("kept mapping goes");
        return;
    }
    kept_pages = 1 + below(most / 4096);
    say("keep a mapping of %ld pages", kept_pages);
    kept = mmap(0, kept_pages * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (kept == MAP_FAILED) fail("mmap");
}

static void look_kept(void) {
    long there = kept_pages * 4096 < size ? kept_pages * 4096 : size;
    if (!kept || there <= 0) return;
    long offset = below(there), count = 1 + below(there - offset < 8192 ? there - offset : 8192);
    if (below(3) == 0) {
        invent(kept + offset, count);
        memcpy(model + offset, kept + offset, count);
    } else {
        memcpy(buffer, kept + offset, count);
        compare(buffer, offset, count, "the kept mapping");
    }
}

static void op_scribble(void) {
    if (size % 4096 == 0) return say("no page to scribble in");
    long base = size & ~4095L;
    say("scribble behind %#lx", size);
    unsigned char *at = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, base);
    if (at == MAP_FAILED) fail("mmap");
    invent(at + size % 4096, 4096 - size % 4096);
    munmap(at, 4096);
}

static void range(int kind, int mode, const char *name) {
    long offset = place(most), count = length();
    if (offset + count > most) count = most - offset;
    say("%s %#lx +%#lx of %#lx", name, offset, count, size);
    long done = fallocate(file, mode, offset, count);
    if (missing(kind, done)) return;
    if (done) fail("fallocate");
    int keeps = mode & FALLOC_FL_KEEP_SIZE, clears = mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE);
    long end = offset + count;
    if (clears && offset < size) memset(model + offset, 0, (end < size ? end : size) - offset);
    if (!keeps) grow(end);
}

static void op_allocate(void) { range('a' - 'a', below(2) ? FALLOC_FL_KEEP_SIZE : 0, "allocate"); }
static void op_punch(void) { range('h' - 'a', FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, "punch"); }
static void op_zero(void) {
    range('z' - 'a', FALLOC_FL_ZERO_RANGE | (below(2) ? FALLOC_FL_KEEP_SIZE : 0), "zero");
}

/* Two parts of the file that do not meet; the length that the source has there. */
static long two_parts(long *from, long *to) {
    long count = length();
    *from = place(size);
    *to = place(most);
    if (*from + count > size) count = size - *from;
    if (*to + count > most) count = most - *to;
    long apart = *from < *to ? *to - *from : *from - *to;
    return count < apart ? count : apart;
}

static void arrived(long from, long to, long count) {
    memmove(model + to, model + from, count);
    grow(to + count);
}

static void op_copy(void) {
    long from, to, count = two_parts(&from, &to);
    say("copy_file_range %#lx to %#lx +%#lx of %#lx", from, to, count, size);
    if (count <= 0) return;
    for (long done = 0; done < count;) {
        loff_t in = from + done, out = to + done;
        long part = copy_file_range(file, &in, file, &out, count - done, 0);
        if (missing('c' - 'a', part)) return;
        if (part <= 0) fail("copy_file_range gave %ld", part);
        if (in != from + done + part || out != to + done + part) fail("the offsets of copy_file_range");
        done += part;
    }
    arrived(from, to, count);
}

static void op_send(void) {
    long from, to, count = two_parts(&from, &to);
    say("sendfile %#lx to %#lx +%#lx of %#lx", from, to, count, size);
    if (count <= 0) return;
    int other = open(path, O_WRONLY);
    lseek(other, to, SEEK_SET);
    off_t in = from;
    for (long done = 0; done < count;) {
        long part = sendfile(other, file, &in, count - done);
        if (part <= 0) fail("sendfile gave %ld", part);
        done += part;
    }
    close(other);
    arrived(from, to, count);
}

static void op_splice(void) {
    long from, to, count = two_parts(&from, &to);
    say("splice %#lx to %#lx +%#lx of %#lx", from, to, count, size);
    for (long done = 0; done < count;) {
        loff_t in = from + done, out = to + done;
        long taken = splice(file, &in, ends[1], 0, count - done, 0);
        if (taken <= 0) fail("splice into the pipe gave %ld", taken);
        for (long left = taken; left > 0;) {
            long part = splice(ends[0], 0, file, &out, left, 0);
            if (part <= 0) fail("splice out of the pipe gave %ld", part);
            left -= part;
        }
        done += taken;
    }
    if (count > 0) arrived(from, to, count);
}

static void op_give(void) {
    long offset = place(most), count = length();
    if (offset + count > most) count = most - offset;
    say("vmsplice %#lx +%#lx of %#lx", offset, count, size);
    invent(buffer, count);
    for (long done = 0; done < count;) {
        struct iovec piece = { buffer + done, count - done };
        long taken = vmsplice(ends[1], &piece, 1, 0);
        if (missing('v' - 'a', taken)) return;
        if (taken <= 0) fail("vmsplice gave %ld", taken);
        loff_t out = offset + done;
        for (long left = taken; left > 0;) {
            long part = splice(ends[0], 0, file, &out, left, 0);
            if (part <= 0) fail("splice out of the pipe gave %ld", part);
            left -= part;
        }
        done += taken;
    }
    memcpy(model + offset, buffer, count);
    grow(offset + count);
}

static void op_sync(void) {
    long how = below(3);
    say("sync %ld", how);
    if (how == 0 ? fsync(file) : how == 1 ? fdatasync(file) : sync_file_range(file, place(size), length(), 7)) fail("sync");
}

static void op_reopen(void) {
    say("reopen");
    close(file);
    file = open(path, O_RDWR);
    if (file < 0) fail("open");
}

/* Clean pages go from memory, so that the next read asks the device. */
static void op_forget(void) {
    say("forget");
    fsync(file);
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
}

static void op_seek(void) {
    long offset = place(size);
    say("holes from %#lx of %#lx", offset, size);
    if (offset >= size) {
        if (lseek(file, offset, SEEK_DATA) != -1 || errno != ENXIO) fail("SEEK_DATA at the end");
        return;
    }
    long data = lseek(file, offset, SEEK_DATA);
    if (data == -1 && errno != ENXIO) fail("SEEK_DATA");
    long end = data == -1 ? size : data;
    if (end < offset || end > size) fail("SEEK_DATA gave %ld", end);
    for (long at = offset; at < end; at++)
        if (model[at]) fail("a hole from %#lx to %#lx has data at %#lx", offset, end, at);
    long hole = lseek(file, offset, SEEK_HOLE);
    if (hole < offset || hole > size) fail("SEEK_HOLE gave %ld", hole);
    if (end > offset && hole != offset) fail("a hole at %#lx begins at %#lx", offset, hole);
}

static const struct { char letter; int weight; void (*run)(void); } table[] = {
    { 'r', 12, op_read }, { 'w', 12, op_write }, { 'e', 3, op_append }, { 't', 4, op_cut }, { 'g', 3, op_grow },
    { 'm', 6, op_map_read }, { 'n', 6, op_map_write }, { 'k', 3, op_keep }, { 's', 0, op_scribble },
    { 'a', 2, op_allocate }, { 'h', 5, op_punch }, { 'z', 4, op_zero }, { 'c', 4, op_copy }, { 'f', 3, op_send },
    { 'p', 3, op_splice }, { 'v', 2, op_give }, { 'y', 1, op_sync }, { 'o', 2, op_reopen }, { 'd', 1, op_forget },
    { 'l', 4, op_seek },
};

static void check_size(void) {
    struct stat status;
    if (fstat(file, &status)) fail("fstat");
    if (status.st_size != size) fail("the size is %#lx, not %#lx", (long)status.st_size, size);
}

static void check_whole(void) {
    whole(pread(file, buffer, most, 0), size, "reading all of it");
    compare(buffer, 0, size, "all of it");
}

static void run(const char *name, uint64_t seed, long operations, const char *kinds) {
    int weights = 0, wanted[sizeof table / sizeof table[0]];
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        wanted[i] = kinds ? (strchr(kinds, table[i].letter) ? table[i].weight + !table[i].weight * 3 : 0) : table[i].weight;
        weights += wanted[i];
    }
    path = name;
    state = seed;
    size = operation = 0;
    memset(model, 0, sizeof model);
    file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (file < 0 || pipe(ends)) fail("open");
    for (operation = 0; operation < operations; operation++) {
        long chosen = below(weights);
        size_t i = 0;
        while (chosen >= wanted[i]) chosen -= wanted[i++];
        errno = 0;
        table[i].run();
        counts[table[i].letter - 'a']++;
        check_size();
        look_kept();
        if (operation % 64 == 63) check_whole();
    }
    check_whole();
    op_reopen();
    check_whole();
    if (kept) munmap(kept, kept_pages * 4096);
    kept = 0;
    uint64_t sum = 14695981039346656037u;
    for (long at = 0; at < size; at++) sum = (sum ^ model[at]) * 1099511628211;
    printf("seed %lu: %ld operations, %ld bytes, sum %016lx\n", (unsigned long)seed, operations, size, (unsigned long)sum);
    for (int kind = 0; kind < KINDS; kind++)
        if (refused[kind]) printf("not here: %c\n", 'a' + kind);
    fflush(stdout);
    close(file);
    close(ends[0]);
    close(ends[1]);
    unlink(path);
}

int main(int count, char **words) {
    if (count > 4) most = atol(words[4]);
    if (most > MOST || most < 4096) return 2;
    if (count > 3) {
        run(words[1], strtoull(words[2], 0, 0), atol(words[3]), count > 5 ? words[5] : 0);
        return 0;
    }
    for (uint64_t seed = 1; seed <= 4; seed++) run("file", seed, 1500, 0);
    END();
}
