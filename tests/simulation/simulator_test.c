/* The simulator itself: deaths keep what was written, power cuts what was synced. */

#include "tests/simulation/sim.h"

#include "base/memory.h"
#include "tests/support/test.h"

#include <fcntl.h>

static void write_file(const char *path, const char *text, bool sync)
{
    int fd = world_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    cr_assert_geq(fd, 0);
    world_write(fd, text, strlen(text));
    if (sync)
        world_sync(fd);
    world_close(fd);
    int dir = world_open(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);
    if (sync)
        world_sync(dir);
    world_close(dir);
}

static size_t file_size(const char *path)
{
    struct stat st;
    return world_stat(AT_FDCWD, path, 0, &st) == 0 ? (size_t)st.st_size : SIZE_MAX;
}

static void write_and_die(void *arg)
{
    write_file("/synced", "12345", true);
    write_file("/written", "123", false);
    sim_die(arg, "on purpose");
}

TEST(simulator, keeps_what_was_written_at_a_death_and_what_was_synced_at_a_power_cut)
{
    struct sim *sim = sim_new(1);
    memset(sim->faults, 0, sizeof sim->faults);
    cr_assert_not(sim_live(sim, write_and_die, sim));
    cr_assert_eq(file_size("/written"), 3);
    sim->faults[SIM_POWER_CUT] = 1000000;
    cr_assert_not(sim_live(sim, write_and_die, sim));
    cr_assert_eq(file_size("/synced"), 5);
    cr_assert_eq(file_size("/written"), 0);
    sim_free(sim);
}
