/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * register: what a register (台账) is, as declared in content/registers, one YAML file each.
 *
 * From this alone come its table, its checks of input, its list, form, history, import and export (docs/OFFICE.md has the whole
 * format with an example). The struct is read-only after loading and shared by all threads; texts live with the registers.
 *
 * The table has the register's name and, beside the columns of the fields:
 *
 *	id INTEGER PRIMARY KEY, number TEXT, org INTEGER (whose it is), state TEXT, state_since INTEGER, version INTEGER (one more each
 *	change), created INTEGER, created_by INTEGER (ward_user), updated INTEGER, updated_by INTEGER, withdrawn INTEGER (NULL: it stands)
 *
 * A field becomes one column of its name (TEXT; INTEGER for integer, bool, time, reference, person, org; REAL for number);
 * period becomes two, NAME_from and NAME_to (TEXT dates, or INTEGER times with `time: true`); references, choices, texts and files are
 * a JSON list in TEXT; a sensitive field is sealed text, with NAME_index beside it (crypto/vault.h).
 *
 * A declaration is somebody's own text as much as ours: it is bounded, and what refers to something that is not there (a register, a
 * field, a state, a role), or could not be a table of both SQLite and PostgreSQL, is refused with file, line and column.
 */
#ifndef WARD_REGISTER_REGISTER_H
#define WARD_REGISTER_REGISTER_H

#include "base/map.h"
#include "data/content.h"
#include "data/schema.h"

enum {
	REGISTER_FILE_MOST = 4 * 1024 * 1024, /* bytes of a declaration */
	REGISTER_FIELDS_MOST = 120,  /* of one register */
	REGISTER_NAME_MOST = 40,     /* bytes of a name: with _index and an index's ending it stays within PostgreSQL's 63 */
	REGISTER_LIST_MOST = 500,    /* members of a list's value */
	REGISTER_TEXT_MOST = 1000,   /* characters of a text, when the field says nothing */
	REGISTER_INDEX_BYTES = 2000, /* of all texts in one index: PostgreSQL takes 2,704 with all that stands beside them */
	REGISTER_LONG_TEXT_MOST = 20000,
};

enum field_type {
	FIELD_TEXT, FIELD_LONG_TEXT, FIELD_INTEGER, FIELD_NUMBER, FIELD_DATE, FIELD_TIME, FIELD_BOOL, FIELD_CHOICE, FIELD_CHOICES,
	FIELD_REFERENCE, FIELD_REFERENCES, FIELD_PERSON, FIELD_ORG, FIELD_PERIOD, FIELD_FILES, FIELD_TEXTS, FIELD_TYPE_COUNT,
};
extern const char *const field_type_names[]; /* "text", "long-text", "integer", "number", "date", "time", "bool", "choice", "choices",
                                                "reference", "references", "person", "org", "period", "files", "texts", NULL */

enum sensitive { SENSITIVE_NO, SENSITIVE_NAME, SENSITIVE_ID_CARD, SENSITIVE_PHONE, SENSITIVE_BANK, SENSITIVE_OTHER };

struct choice { /* of a choice field; a state; both are shown as a label with a tone */
	struct str name;
	struct text label;
	int tone;        /* "neutral", "info", "good", "warn", "bad" */
	bool final;      /* of a state: nothing is to be done any more, and only ward and transitions change it */
	const struct doc *node;
};

struct field {
	struct str name;
	int type;             /* enum field_type */
	struct text label, help;
	bool required, unique;
	bool read_only;       /* only transitions, hooks and ward itself set it */
	bool said;            /* ward's own words, shown in the reader's language (register/said.h) */
	bool time;            /* of a period: with times of day */
	struct str to;        /* of reference(s): the register */
	struct schema_list choices; /* struct choice */
	int64_t min, max;     /* of numbers: the value; of texts: the length (default 1000, long-text 20000); both 0: default */
	struct str pattern;   /* a regular expression that a text must match whole (PCRE2, limits set) */
	struct text pattern_help;
	int sensitive;        /* enum sensitive */
	struct str unit;      /* "%", "h" … */
	const struct doc *default_value;
	const struct doc *node;
	size_t column;        /* its first one in register_.columns_all */
	void *regex;          /* the pattern, compiled; read-only */
	size_t bytes;         /* at most, of a text that stands in an index; 0: no other limit than `max` */
};

extern const char *const sensitive_names[]; /* "no", "name", "id-card", "phone", "bank", "other", NULL */
extern const char *const tone_names[];      /* "neutral", "info", "good", "warn", "bad", NULL */

/* One column of the table, in its order: the system's first. */
enum column_kind { COLUMN_TEXT, COLUMN_INTEGER, COLUMN_REAL };
enum column_part { PART_SYSTEM, PART_VALUE, PART_FROM, PART_TO, PART_INDEX };
enum system_column {
	SYSTEM_ID, SYSTEM_NUMBER, SYSTEM_ORG, SYSTEM_STATE, SYSTEM_STATE_SINCE, SYSTEM_VERSION, SYSTEM_CREATED, SYSTEM_CREATED_BY,
	SYSTEM_UPDATED, SYSTEM_UPDATED_BY, SYSTEM_WITHDRAWN, SYSTEM_COLUMNS,
};
struct register_column {
	const char *name;
	int kind, part;            /* enum column_kind, enum column_part */
	const struct field *field; /* NULL: the system's */
};

/* Who acts is one of `persons` of a record of another register, where there is one that is about the same: the A or B (A角、B角) of a post for
 * this system. Of a record that is not withdrawn and stands in `state`, whose list `where` has what our field `has` names. */
struct among {
	struct str reg, state, where, has;
	struct strings persons;
	const struct doc *node;
};

struct transition {
	struct str name;              /* "approve" */
	struct text label;
	struct strings from;          /* states */
	struct str to;
	struct strings roles;         /* who may; empty: who may edit */
	struct strings differs_from;  /* fields of type person: who acts is none of them */
	struct among among;           /* .reg STR_NONE: nothing is asked */
	struct strings needs;         /* fields that must be filled in */
	struct strings asks;          /* fields that its form shows */
	const struct doc *sets;       /* map: field -> "actor", "now", "today", or a constant */
	bool reason;                  /* a reason must be given */
	bool confirmed;               /* by a second person (people/pairs.h) */
	bool signed_;                 /* "signed": the password is asked for again */
	bool automatic;               /* only ward itself does it */
	struct str unless;            /* a field of type bool: not while it is true; STR_NONE: always */
	bool superior;                /* somebody of an organisation above the record's; of the topmost, whoever is there */
	int tone;
	const struct doc *node;
	uint64_t by;                  /* roles, as bits */
};

struct due { /* a date that ward sets when a state is entered, and escalates when passed */
	struct str field, on;  /* the date field; the state entered ("" : created) */
	int64_t after;
	int unit;              /* enum due_unit: "days", "working-days", "hours" (a field of type time) */
	const struct doc *node;
};
enum due_unit { DUE_DAYS, DUE_WORKING_DAYS, DUE_HOURS };

struct list_view {
	struct str name;
	struct text label;
	struct strings filter; /* as in the address: "state:in:open,issued" */
	struct str sort;       /* "-due" */
	const struct doc *node;
};

struct register_index {
	struct strings fields;
	const struct doc *node;
};

enum record_right { RECORD_READ, RECORD_CREATE, RECORD_EDIT, RECORD_WITHDRAW, RECORD_IMPORT, RECORD_EXPORT, RECORD_UNMASK, RECORD_RIGHTS };

struct grants { /* roles, by what they may do with records of organisations they see */
	struct strings read, create, edit, withdraw, import_, export_, unmask;
};

struct register_ {
	struct str name, code, group; /* "change", "REG-CHG", "supply" */
	struct text label, about;     /* about: what it is for, and how to begin, for the empty list */
	struct str number;            /* "CHG-{year}-{n:4}"; "": none */
	struct strings key;           /* natural key: fields (or "org"), unique among those not withdrawn */
	struct strings title;         /* fields that name a record, in order */
	struct strings columns;       /* of the list; fields, "number", "org", "state", "updated" */
	struct schema_list fields, states, transitions, views, dues; /* struct field, choice, transition, list_view, due */
	struct schema_list indexes;   /* further ones: struct register_index */
	struct grants grants;
	struct strings profiles;      /* kinds of office that need it; empty: all */
	bool quiet;                   /* not in the menu: kept by ward, seen elsewhere */
	const struct doc *on_create;  /* map as transition.sets, of a new record */
	const struct doc *node;
	struct source *source;
	/* Made from the above. */
	uint64_t may[RECORD_RIGHTS];  /* roles as bits, by enum record_right */
	struct {
		struct register_column *p;
		size_t n;
	} columns_all;
	const char *select, *insert;  /* "SELECT id, number, … FROM change", "INSERT INTO change (number, …) VALUES (?, …) RETURNING id" */
	size_t place;                 /* in registers.p */
};

struct register_group {
	struct str name;
	struct text label;
};

struct registers {
	struct arena arena;
	struct register_ *p;
	size_t n;
	struct map by_name;
	struct schema_list groups;    /* struct register_group, of content/registers.yaml, in their order */
	struct list_totals *totals;   /* register/list.h; the one thing that changes, under its own lock */
};

/* All of content/registers; what refers to something that is not there (a register, a field, a state, a role) is refused with file,
 * line and column. `roles`: names that exist. */
int registers_load(const struct content *content, const struct strings *roles, struct registers **out, struct err *err) MUST_USE;
void registers_free(struct registers *registers);
void registers_free_p(struct registers **registers);
/* One declaration alone, for lint and tests: what it says of itself is checked, what it refers to elsewhere is not. */
int register_read(struct arena *arena, struct source *source, const struct strings *roles, struct register_ *out, struct err *err) MUST_USE;
void register_done(struct register_ *reg);
/* Whether what it refers to is there, among these or in itself. */
int register_refers(const struct register_ *reg, const struct registers *registers, struct err *err) MUST_USE;
const struct register_ *registers_find(const struct registers *registers, struct str name); /* or NULL */
const struct field *register_field(const struct register_ *reg, struct str name);           /* or NULL */
const struct choice *register_state(const struct register_ *reg, struct str name);          /* or NULL */
const struct transition *register_transition(const struct register_ *reg, struct str name); /* or NULL */
const struct register_column *register_column(const struct register_ *reg, struct str name); /* by the column's own name; or NULL */
struct strings register_right(const struct register_ *reg, enum record_right right); /* the roles that have it */
bool field_is_list(const struct field *field); /* its value is a JSON list in TEXT */

#endif
