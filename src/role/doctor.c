/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/doctor.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "archive/verify.h"
#include "base/clock.h"
#include "base/glob.h"
#include "crypto/authority.h"
#include "crypto/keyring.h"
#include "crypto/vault.h"
#include "data/db.h"
#include "data/json.h"
#include "people/directory.h"
#include "role/names.h"
#include "sys/root.h"

const char *const doctor_state_names[] = { "good", "doubtful", "wrong", NULL };

enum { DAY = 86400, SEAL_AGE = 3600 };
#define GIB            ((uint64_t)1 << 30)
#define ARCHIVE_LOOKED (GIB / 2) /* bytes of an archive that is verified while somebody waits */

static void add(struct doctor *doctor, enum doctor_state state, const char *topic, struct note what, struct note remedy)
{
	struct doctor_line line = { state, topic, note_copy(doctor->arena, what), { 0 } };
	if (remedy.english)
		line.remedy = note_copy(doctor->arena, remedy);
	vec_push_in(doctor->arena, &doctor->lines, line);
}

static void good(struct doctor *doctor, const char *topic, struct note what)
{
	add(doctor, DOCTOR_GOOD, topic, what, (struct note){ 0 });
}

static struct str number(struct doctor *doctor, int64_t value)
{
	return arena_printf(doctor->arena, "%lld", (long long)value);
}

static struct str below(struct doctor *doctor, const char *name)
{
	return arena_printf(doctor->arena, "%.*s/%s", STR_ARG(doctor->config->up.dir), name);
}

/* ---- folders and keys ---- */

static void look_at_folder(struct doctor *doctor, struct str path, mode_t forbidden)
{
	struct stat st;
	if (lstat(path.p, &st) < 0)
		add(doctor, DOCTOR_WRONG, "files", NOTE("{} cannot be looked at: {}", path, str_from(err_words(-errno))),
		    NOTE("start ward up once as the user who is to run it; it makes what is missing"));
	else if (st.st_mode & forbidden)
		add(doctor, DOCTOR_WRONG, "files", NOTE("others can get at {} (mode {})", path, arena_printf(doctor->arena, "%04o", st.st_mode & 07777)),
		    NOTE("chmod {} {}", arena_printf(doctor->arena, "%04o", (unsigned)(st.st_mode & 07777 & ~forbidden)), path));
}

static void look_at_files(struct doctor *doctor)
{
	static const char *const folders[] = { "records", "files", "tls", "archive", "findings" };
	size_t before = doctor->lines.n;
	look_at_folder(doctor, below(doctor, "."), 027);
	for (size_t i = 0; i < COUNT(folders); i++)
		look_at_folder(doctor, below(doctor, folders[i]), 027);
	look_at_folder(doctor, arena_str(doctor->arena, doctor->config->archive.keys), 077);
	if (doctor->lines.n == before)
		good(doctor, "files", NOTE("the folders are there, and nobody else gets at them"));
}

/* A new authority is made by itself; what the other two sealed, a new one neither opens nor proves. */
static void look_at_secret(struct doctor *doctor, struct str path, bool is_made)
{
	if (is_made || access(path.p, F_OK) == 0 || errno != ENOENT)
		look_at_folder(doctor, path, 077);
	else
		add(doctor, DOCTOR_WRONG, "keys", NOTE("the key {} is missing", path),
		    NOTE("bring the key back from its backup; a new one cannot open or prove what the old one sealed"));
}

static void look_at_keys(struct doctor *doctor)
{
	static const char *const secrets[] = { "archive.key", "ca.key", "vault.key" };
	const char *dir = arena_cstr(doctor->arena, doctor->config->archive.keys);
	struct public_key key;
	struct err err = { "" };
	size_t before = doctor->lines.n;
	if (access(dir, R_OK | X_OK) < 0) {
		add(doctor, DOCTOR_DOUBTFUL, "keys", NOTE("{} cannot be looked at: {}", str_from(dir), str_from(err_words(-errno))),
		    NOTE("run ward doctor as root"));
		return;
	}
	for (size_t i = 0; i < COUNT(secrets); i++) {
		if (doctor->config->up.certificate.p && i == 1)
			continue;
		look_at_secret(doctor, arena_printf(doctor->arena, "%s/%s", dir, secrets[i]), i == 1);
	}
	if (doctor->lines.n == before && keyring_public(dir, doctor->config->archive.key, &key, &err) < 0)
		add(doctor, DOCTOR_WRONG, "keys", NOTE("{}", str_from(err.text)), NOTE("bring the key back from its backup; a new one cannot prove what the old one sealed"));
	if (doctor->lines.n == before)
		good(doctor, "keys", NOTE("all keys are there; the one that seals is {}", str_from(key.id)));
}

/* ---- certificates ---- */

static bool read_text(struct doctor *doctor, const char *name, struct str *out)
{
	BUF(text);
	CLEANUP(fd_close_p) int fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fd_read(fd, 65536, &text) < 0)
		return false;
	*out = arena_str(doctor->arena, buf_str(&text));
	return true;
}

static void look_at_certificate(struct doctor *doctor)
{
	const struct config *config = doctor->config;
	bool given = config->up.certificate.p != NULL;
	const char *file = given ? arena_cstr(doctor->arena, config->up.certificate) : below(doctor, "tls/server.crt").p;
	const char *key_file = given ? arena_cstr(doctor->arena, config->up.key) : below(doctor, "tls/server.key").p;
	struct str pem, key = STR("");
	struct strings names;
	struct certificate seen;
	struct err err = { "" };
	struct note remedy = given ? NOTE("put a good certificate and its key there, then restart ward")
	                           : NOTE("remove {} and restart ward: it makes a new one", str_from(file));
	names_of_machine(doctor->arena, config, &names);
	bool has_key = read_text(doctor, key_file, &key);
	if (!read_text(doctor, file, &pem)) {
		add(doctor, DOCTOR_WRONG, "certificate", NOTE("{} cannot be read: {}", str_from(file), str_from(err_words(-errno))), remedy);
		return;
	}
	if (certificate_look(pem, key, STR_NONE, given ? &config->up.names : &names, &seen, &err) < 0) {
		add(doctor, DOCTOR_WRONG, "certificate", NOTE("{}: {}", str_from(file), str_from(err.text)), remedy);
		return;
	}
	int64_t days = (seen.until - clock_now()) / DAY;
	if (seen.until <= clock_now() || seen.from > clock_now())
		add(doctor, DOCTOR_WRONG, "certificate", NOTE("the certificate is not valid today (until {})", clock_format(doctor->arena, seen.until)), remedy);
	else if (has_key && !seen.fits_key)
		add(doctor, DOCTOR_WRONG, "certificate", NOTE("the certificate and its key do not belong together"), remedy);
	else if (!seen.has_names)
		add(doctor, DOCTOR_DOUBTFUL, "certificate", NOTE("the certificate lacks a name of this machine; browsers will warn"), remedy);
	else if (days < AUTHORITY_RENEW)
		add(doctor, given ? DOCTOR_DOUBTFUL : DOCTOR_GOOD, "certificate", NOTE("the certificate ends in {} day{s}", number(doctor, days)), remedy);
	else
		good(doctor, "certificate", NOTE("the certificate is good for {} day{s}", number(doctor, days)));
}

/* ---- the directory ---- */

static void look_at_directory(struct doctor *doctor)
{
	const struct config *config = doctor->config;
	struct people_ldap ldap = config->up.ldap;
	struct note remedy = NOTE("look at url, ca and bind_password_file under ldap in ward.yaml, and whether the directory runs; until then nobody logs in by it");
	struct err err = { "" };
	if (!ldap.url.p)
		return;
	int r = directory_check(config->up.source, config->up.ldap_node, NULL, &ldap, &err);
	r = r < 0 ? r : directory_prepare(doctor->arena, &ldap, &ldap.bind_password, &err);
	if (r == -EACCES) {
		add(doctor, DOCTOR_DOUBTFUL, "directory", NOTE("{}", str_from(err.text)), NOTE("run ward doctor as root"));
		return;
	}
	r = r < 0 ? r : directory_try(doctor->arena, &ldap, &err);
	if (r < 0)
		add(doctor, DOCTOR_WRONG, "directory", NOTE("{}", str_from(err.text)), remedy);
	else
		good(doctor, "directory", NOTE("the directory {} answers, and no password crosses the network in clear", ldap.url));
}

/* From inside: as the last login found it, without asking it anew. */
static void look_at_directory_inside(struct doctor *doctor)
{
	struct str said = shared_said(doctor->arena, &doctor->shared->directory);
	if (said.n)
		add(doctor, DOCTOR_WRONG, "directory", NOTE("{}", said),
		    NOTE("look at url, ca and bind_password_file under ldap in ward.yaml, and whether the directory runs; until then nobody logs in by it"));
}

/* ---- the machine ---- */

static void look_at_space(struct doctor *doctor)
{
	struct statvfs st;
	if (statvfs(arena_cstr(doctor->arena, doctor->config->up.dir), &st) < 0 &&
	    statvfs(arena_cstr(doctor->arena, doctor->config->archive.dir), &st) < 0)
		return;
	uint64_t free = (uint64_t)st.f_bavail * st.f_frsize, all = MAX((uint64_t)st.f_blocks * st.f_frsize, (uint64_t)1);
	struct str left = arena_printf(doctor->arena, "%.1f GiB (%.0f %%)", (double)free / (double)GIB, (double)free * 100 / (double)all);
	struct note remedy = NOTE("make room, or give the folder a disk of its own; when it is full nothing can be kept");
	if (st.f_flag & ST_RDONLY)
		add(doctor, DOCTOR_WRONG, "disk", NOTE("the disk is read-only"), NOTE("look at the kernel's log (dmesg): a disk that fails becomes read-only"));
	else if (free < GIB / 4 || st.f_favail == 0)
		add(doctor, DOCTOR_WRONG, "disk", NOTE("only {} are free", left), remedy);
	else if (free < 2 * GIB || free < all / 20)
		add(doctor, DOCTOR_DOUBTFUL, "disk", NOTE("only {} are free", left), remedy);
	else
		good(doctor, "disk", NOTE("{} are free", left));
}

static void look_at_clock(struct doctor *doctor)
{
	struct timex state = { 0 };
	struct stat st;
	struct note remedy = NOTE("set the clock and keep it right (chrony, systemd-timesyncd): legal time limits are counted by it");
	int64_t now = clock_now();
	if (stat(below(doctor, "records").p, &st) == 0 && st.st_mtime > now + 300)
		add(doctor, DOCTOR_WRONG, "clock", NOTE("the clock is behind: the records were written at {}", clock_format(doctor->arena, st.st_mtime)), remedy);
	else if (clock_adjtime(CLOCK_REALTIME, &state) == TIME_ERROR || state.status & STA_UNSYNC)
		add(doctor, DOCTOR_DOUBTFUL, "clock", NOTE("nothing keeps the clock right"), remedy);
	else
		good(doctor, "clock", NOTE("the clock is kept right"));
}

static void look_at_walls(struct doctor *doctor)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	bool seccomp = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
	if (abi >= 1 && seccomp)
		good(doctor, "walls", NOTE("this kernel has seccomp and Landlock (version {})", number(doctor, abi)));
	else
		add(doctor, DOCTOR_DOUBTFUL, "walls", NOTE("this kernel has no {}; the processes are less well apart", seccomp ? STR("Landlock") : STR("seccomp")),
		    NOTE("a kernel from 5.13 on with Landlock among its security modules (lsm=landlock,…)"));
}

static void look_at_libraries(struct doctor *doctor)
{
	static const struct {
		const char *file, *package;
	} libraries[] = {
		{ "libmicrohttpd.so.12", "libmicrohttpd12" }, { "libgnutls.so.30", "libgnutls30" },   { "libseccomp.so.2", "libseccomp2" },
		{ "liboath.so.0", "liboath0" },               { "libarchive.so.13", "libarchive13" }, { "libexpat.so.1", "libexpat1" },
		{ "libxlsxwriter.so.4", "libxlsxwriter4" },   { "libpq.so.5", "libpq5" },
	};
	size_t before = doctor->lines.n, n = COUNT(libraries) - !db_is_postgresql(doctor->config->up.records);
	for (size_t i = 0; i < n; i++) {
		void *handle = dlopen(libraries[i].file, RTLD_LAZY | RTLD_LOCAL);
		if (!handle)
			add(doctor, DOCTOR_WRONG, "libraries", NOTE("{} is not installed", str_from(libraries[i].file)),
			    NOTE("apt install {}", str_from(libraries[i].package)));
		else
			dlclose(handle);
	}
	if (doctor->lines.n == before)
		good(doctor, "libraries", NOTE("the libraries that are loaded on demand are installed"));
}

static void look_at_unit(struct doctor *doctor)
{
	static const char *const places[] = { "/etc/systemd/system/multi-user.target.wants/ward.service" };
	if (access("/run/systemd/system", F_OK) < 0)
		return; /* systemd does not run here */
	if (access(places[0], F_OK) == 0)
		good(doctor, "service", NOTE("ward starts with the machine"));
	else
		add(doctor, DOCTOR_DOUBTFUL, "service", NOTE("ward does not start with the machine"), NOTE("systemctl enable --now ward"));
}

/* ---- what it keeps ---- */

static bool is_running(struct doctor *doctor)
{
	const char *name = arena_printf(doctor->arena, "%.*s/collect.lock", STR_ARG(doctor->config->run)).p;
	CLEANUP(fd_close_p) int fd = open(name, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* "*** in database main ***", and then what is wrong. */
static struct str last_line(struct str text)
{
	const char *line = memrchr(text.p, '\n', text.n);
	return line ? str_slice(text, (size_t)(line + 1 - text.p), text.n) : text;
}

/* Whether the key in the folder is the one by which these records were sealed: another cannot be told by its looks. */
static int look_at_vault(struct doctor *doctor, struct db *db, struct err *err)
{
	CLEANUP(vault_close_p) struct vault *vault = NULL;
	const char *name = arena_printf(doctor->arena, "%.*s/vault.key", STR_ARG(doctor->config->archive.keys)).p;
	struct str clear;
	struct err its = { "" };
	uint8_t key[VAULT_KEY];
	DB_QUERY(q);
	CLEANUP(fd_close_p) int fd = open(name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || read(fd, key, sizeof(key)) != (ssize_t)sizeof(key))
		return 0; /* the look at the keys has said so */
	int r = vault_open(key, &vault, err);
	sign_wipe(key, sizeof(key));
	r = r < 0 ? r : db_query(&q, db, "SELECT value FROM ward_setting WHERE name = 'vault'", err);
	r = r < 0 ? r : db_step(&q, err);
	if (r <= 0)
		return r;
	if (vault_unseal(doctor->arena, vault, STR("vault"), db_text(&q, 0), &clear, &its) < 0)
		add(doctor, DOCTOR_WRONG, "keys", NOTE("{} is not the key by which these records were sealed", str_from(name)),
		    NOTE("bring the key back from its backup; a new one cannot open or prove what the old one sealed"));
	else
		sign_wipe((char *)clear.p, clear.n);
	return 0;
}

static int look_into(struct doctor *doctor, struct db *db, struct err *err)
{
	int64_t entries, last, sealed;
	int r = 0;
	if (db_kind(db) == DB_SQLITE) {
		DB_QUERY(q);
		r = db_query(&q, db, "PRAGMA quick_check(1)", err);
		r = r < 0 ? r : db_step(&q, err);
		if (r > 0 && !str_is(db_text(&q, 0), "ok"))
			return err_set(err, -EBADMSG, "the records are damaged: %.*s", STR_ARG(last_line(db_text(&q, 0))));
	}
	r = r < 0 ? r : look_at_vault(doctor, db, err);
	r = r < 0 ? r : db_one_int(db, "SELECT max(seq) FROM ward_journal", 0, &entries, err);
	r = r < 0 ? r : db_one_int(db, "SELECT max(time) / 1000000000 FROM ward_journal", 0, &last, err);
	r = r < 0 ? r : db_one_int(db, "SELECT max(seq) FROM ward_seal", 0, &sealed, err);
	if (r < 0)
		return r;
	good(doctor, "records", NOTE("the records are whole; {} entries in the journal", number(doctor, entries)));
	if (entries > sealed && clock_now() - last > SEAL_AGE)
		add(doctor, DOCTOR_DOUBTFUL, "records", NOTE("{} entries of the journal are not sealed yet", number(doctor, entries - sealed)),
		    NOTE("they are sealed while ward up runs; ward status shows whether the keeper does"));
	return 0;
}

static void look_at_records(struct doctor *doctor)
{
	CLEANUP(db_close_p) struct db *db = NULL;
	struct err err = { "" };
	struct str where = doctor->config->up.records;
	int r = db_open(where, DB_READ, &db, &err);
	if (r == 0)
		r = look_into(doctor, db, &err);
	if (r < 0)
		add(doctor, DOCTOR_WRONG, "records", NOTE("{}", str_from(err.text)),
		    db_is_postgresql(where) ? NOTE("look whether PostgreSQL runs and lets this user in (psql with the same address)")
		                            : NOTE("restore the last backup (ward records restore), and look at the disk"));
}

static void look_at_archive(struct doctor *doctor)
{
	struct verify verify = { .dir = arena_cstr(doctor->arena, doctor->config->archive.dir) };
	struct root root = { .fd = -1 };
	struct err err = { "" };
	struct str *names;
	size_t n;
	uint64_t bytes = 0;
	if (root_open(&root, verify.dir, &err) < 0 || root_list(&root, "", doctor->arena, &names, &n) < 0)
		n = 0;
	for (size_t i = 0; i < n; i++) {
		struct stat st;
		bytes += fstatat(root.fd, arena_cstr(doctor->arena, names[i]), &st, AT_SYMLINK_NOFOLLOW) == 0 ? (uint64_t)st.st_size : 0;
	}
	root_close(&root);
	if (bytes > ARCHIVE_LOOKED) {
		good(doctor, "archive", NOTE("the archive is large: ward verify proves it"));
		return;
	}
	int r = verify_run(doctor->arena, &verify, &err);
	if (r == -ENOENT)
		good(doctor, "archive", NOTE("there is no archive yet"));
	else if (r < 0)
		add(doctor, DOCTOR_WRONG, "archive", NOTE("{}", str_from(err.text)), NOTE("ward verify says what is missing"));
	else if (verify.n_problems)
		add(doctor, DOCTOR_WRONG, "archive", NOTE("the archive is not what was sealed: {} problem{s}", number(doctor, (int64_t)verify.n_problems)),
		    NOTE("ward verify names each; keep a copy of the disk before anything is repaired"));
	else
		good(doctor, "archive", NOTE("the archive is what was sealed: {} event{s}", number(doctor, (int64_t)verify.records)));
}

static void look_at_source(struct doctor *doctor, const struct config_source *source, size_t *readable)
{
	if (source->kind != input_kind_find(STR("files"))) {
		++*readable;
		return;
	}
	const struct input_files *files = source->options;
	for (size_t i = 0; i < files->paths.n; i++) {
		const char *path = arena_cstr(doctor->arena, files->paths.p[i]);
		if (strpbrk(path, "*?[") || access(path, R_OK) == 0)
			++*readable;
		else
			add(doctor, DOCTOR_DOUBTFUL, "sources", NOTE("{} cannot be read: {}", files->paths.p[i], str_from(err_words(-errno))),
			    NOTE("correct the path of the source '{}', or start what writes it", source->name));
	}
}

static void look_at_sources(struct doctor *doctor)
{
	const struct config *config = doctor->config;
	size_t readable = 0;
	for (size_t i = 0; i < config->n_sources; i++)
		look_at_source(doctor, &config->sources[i], &readable);
	if (config->n_sources == 0)
		add(doctor, DOCTOR_DOUBTFUL, "sources", NOTE("this machine has no logs that are known"),
		    NOTE("install rsyslog, or name sources in ward.yaml (docs/COLLECT.md)"));
	else if (readable)
		good(doctor, "sources", NOTE("{} of {} sources can be read", number(doctor, (int64_t)readable), number(doctor, (int64_t)config->n_sources)));
}

static void look_whether_it_runs(struct doctor *doctor)
{
	if (is_running(doctor))
		good(doctor, "running", NOTE("ward runs; ward status --run {} shows its processes", doctor->config->run));
	else
		add(doctor, DOCTOR_DOUBTFUL, "running", NOTE("ward does not run on this directory"),
		    NOTE("systemctl start ward, or ward up --dir {}", doctor->config->up.dir));
}

/* ---- from inside ---- */

static void look_at_processes(struct doctor *doctor)
{
	const struct shared *shared = doctor->shared;
	size_t before = doctor->lines.n;
	for (int role = 0; role < ROLE_COUNT; role++) {
		const struct shared_role *it = &shared->roles[role];
		struct str trouble = shared_said(doctor->arena, &it->trouble), name = str_from(role_names[role]);
		if (!shared_get(&it->started))
			continue;
		if (trouble.n)
			add(doctor, DOCTOR_WRONG, "running", NOTE("{}: {}", name, trouble), NOTE("ward status and the log of the service say more"));
		else if (str_find(shared_said(doctor->arena, &it->sandbox), "not supported") >= 0)
			add(doctor, DOCTOR_DOUBTFUL, "walls", NOTE("{}: {}", name, shared_said(doctor->arena, &it->sandbox)),
			    NOTE("a kernel from 5.13 on with Landlock among its security modules (lsm=landlock,…)"));
		else if (!shared_get(&it->pid) && role != ROLE_INSPECTOR) /* which rests */
			add(doctor, DOCTOR_WRONG, "running", NOTE("the {} does not run", name), NOTE("ward status and the log of the service say more"));
	}
	if (doctor->lines.n == before)
		good(doctor, "running", NOTE("all processes run"));
	for (size_t i = 0; i < shared->n_sources; i++) {
		const struct shared_source *source = &shared->sources[i];
		struct str trouble = shared_said(doctor->arena, &source->trouble);
		if (trouble.n)
			add(doctor, DOCTOR_DOUBTFUL, "sources", NOTE("{}: {}", str_from(source->name), trouble), NOTE("correct the source in ward.yaml"));
		else if (shared_get(&source->last) && clock_now() - shared_get(&source->last) / 1000000000 > DAY)
			add(doctor, DOCTOR_DOUBTFUL, "sources", NOTE("{} has been silent for more than a day", str_from(source->name)),
			    NOTE("look whether what writes it still runs"));
	}
}

void doctor_run_inside(struct doctor *doctor)
{
	look_at_processes(doctor);
	look_at_certificate(doctor);
	look_at_directory_inside(doctor);
	look_at_space(doctor);
}

void doctor_run(struct doctor *doctor)
{
	struct stat st;
	if (stat(arena_cstr(doctor->arena, doctor->config->up.dir), &st) < 0) {
		add(doctor, DOCTOR_WRONG, "files", NOTE("{} cannot be looked at: {}", doctor->config->up.dir, str_from(err_words(-errno))),
		    NOTE("ward up --dir {} makes an installation there", doctor->config->up.dir));
		return;
	}
	look_whether_it_runs(doctor);
	look_at_files(doctor);
	look_at_keys(doctor);
	look_at_certificate(doctor);
	look_at_directory(doctor);
	look_at_records(doctor);
	look_at_archive(doctor);
	look_at_sources(doctor);
	look_at_space(doctor);
	look_at_clock(doctor);
	look_at_libraries(doctor);
	look_at_walls(doctor);
	look_at_unit(doctor);
}

enum doctor_state doctor_worst(const struct doctor *doctor)
{
	enum doctor_state worst = DOCTOR_GOOD;
	for (size_t i = 0; i < doctor->lines.n; i++)
		worst = MAX(worst, doctor->lines.p[i].state);
	return worst;
}

void doctor_json(const struct doctor *doctor, enum lang lang, struct buf *out)
{
	json_open_map(out, NULL);
	json_put(out, "state", str_from(doctor_state_names[doctor_worst(doctor)]));
	json_open_list(out, "lines");
	for (size_t i = 0; i < doctor->lines.n; i++) {
		const struct doctor_line *line = &doctor->lines.p[i];
		json_open_map(out, NULL);
		json_put(out, "topic", str_from(line->topic));
		json_put(out, "label", tr_word(lang, "label", line->topic));
		json_put(out, "state", str_from(doctor_state_names[line->state]));
		json_put(out, "text", note_text(doctor->arena, lang, &line->what));
		if (line->remedy.english)
			json_put(out, "remedy", note_text(doctor->arena, lang, &line->remedy));
		else
			json_put_null(out, "remedy");
		buf_add_char(out, '}');
	}
	buf_puts(out, "]}");
}
