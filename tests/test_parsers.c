/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Parsers of text logs: lines as programs and their manuals have them, and what must be read out of them. Every text is read at
 * once, in pieces of random size, and each event alone again; all three must agree. So are all fuzz corpora, and what nobody
 * should write.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "data/decode.h"
#include "event/parser.h"

/* 2026-11-23T03:00:00Z, in China. */
static const struct parse_options options = { .now = INT64_C(1795402800000000000), .zone = 8 * 3600, .zone_given = true };

struct reading {
	struct batch batch;
	uint64_t records, flawed;
};

static void reading_done(struct reading *reading)
{
	struct names *names = reading->batch.names;
	batch_done(&reading->batch);
	names_free(names);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 8;
}

/* All of the text, in pieces of up to `piece` bytes; 0: at once. */
static void read_text(struct reading *reading, const struct parser *parser, struct str text, size_t piece, uint32_t seed)
{
	CLEANUP(parse_done) struct parse parse;
	size_t at = 0, end = 0, used;
	reading->batch = (struct batch){ .names = names_new() };
	parse_init(&parse, parser, &options);
	do {
		size_t more = piece ? 1 + next_random(&seed) % piece : text.n;
		end = MIN(text.n, end + more);
		parse_lines(&parse, &reading->batch, str_slice(text, at, end), end == text.n, &used);
		assert_true(used <= end - at);
		at += used;
	} while (end < text.n);
	assert_int_equal(at, text.n);
	reading->records = parse.records;
	reading->flawed = parse.flawed;
}

/* "name=value" a line, with time and host first where there are any. */
static struct str written(struct arena *arena, const struct event *event, const struct names *names)
{
	BUF(buf);
	if (event->time != EVENT_NO_TIME)
		buf_printf(&buf, "@%.*s\n", STR_ARG(timestamp_format(arena, event->time)));
	if (event->host.p)
		buf_printf(&buf, "host %.*s\n", STR_ARG(event->host));
	if (event->flaw)
		buf_printf(&buf, "flaw %s\n", event->flaw);
	for (uint32_t i = 0; i < event->n; i++) {
		buf_add(&buf, names_text(names, event->fields[i].name));
		buf_add_char(&buf, '=');
		buf_add(&buf, event_text(arena, &event->fields[i]));
		buf_add_char(&buf, '\n');
	}
	return arena_str(arena, buf_str(&buf));
}

static void check_again(const struct event *event, struct str expected)
{
	ARENA(arena);
	CLEANUP(reading_done) struct reading alone = { .batch = { .names = names_new() } };
	CLEANUP(parse_done) struct parse parse;
	parse_init(&parse, event->parser, &options);
	parse_record(&parse, &alone.batch, event->raw);
	if (event->parser->flush)
		event->parser->flush(&parse);
	assert_int_equal(alone.batch.events.n, 1);
	struct str again = written(&arena, &alone.batch.events.p[0], alone.batch.names);
	if (!str_eq(again, expected))
		fail_msg("read again '%.*s' gives\n%.*sinstead of\n%.*s", STR_ARG(event->raw), STR_ARG(again), STR_ARG(expected));
	/* parser_again() does the same, but for the clock. */
	parser_again(event->parser, &alone.batch, event->raw);
	assert_int_equal(alone.batch.events.n, 2);
	assert_int_equal(alone.batch.events.p[1].n, event->n);
}

/* Whole, in pieces, again: all the same. */
static void check_ways(const struct parser *parser, struct str text, struct reading *whole)
{
	read_text(whole, parser, text, 0, 0);
	for (uint32_t seed = 1; seed < 6; seed++) {
		CLEANUP(reading_done) struct reading pieces;
		read_text(&pieces, parser, text, seed == 1 ? 3 : 200 * seed, seed);
		assert_int_equal(pieces.records, whole->records);
		assert_int_equal(pieces.flawed, whole->flawed);
		assert_int_equal(pieces.batch.events.n, whole->batch.events.n);
		for (size_t i = 0; i < whole->batch.events.n; i++) {
			ARENA(arena);
			const struct event *a = &whole->batch.events.p[i], *b = &pieces.batch.events.p[i];
			assert_true(str_eq(a->raw, b->raw));
			assert_int_equal(a->line, b->line);
			assert_true(str_eq(written(&arena, a, whole->batch.names), written(&arena, b, pieces.batch.names)));
		}
	}
	for (size_t i = 0; i < whole->batch.events.n; i++) {
		ARENA(arena);
		const struct event *event = &whole->batch.events.p[i];
		if (!event->flaw)
			check_again(event, written(&arena, event, whole->batch.names));
	}
}

struct sample {
	const char *parser, *text, *fields; /* the fields of each event, a blank line between */
};

static void check_samples(const struct sample *samples, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ARENA(arena);
		BUF(fields);
		CLEANUP(reading_done) struct reading reading;
		const struct parser *parser = parser_find(str_from(samples[i].parser));
		assert_non_null(parser);
		check_ways(parser, str_from(samples[i].text), &reading);
		for (size_t j = 0; j < reading.batch.events.n; j++) {
			if (j)
				buf_add_char(&fields, '\n');
			buf_add(&fields, written(&arena, &reading.batch.events.p[j], reading.batch.names));
		}
		if (!str_is(buf_str(&fields), samples[i].fields))
			fail_msg("%s: '%s' gives\n%.*sinstead of\n%s", samples[i].parser, samples[i].text, STR_ARG(buf_str(&fields)),
			         samples[i].fields);
	}
}

/* RFC 5424, section 6.5; RFC 3164, section 5.4; and lines of real systems, names changed. */
static const struct sample syslog_samples[] = {
	{ "syslog", "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \xef\xbb\xbf'su root' failed for lonvick on /dev/pts/8",
	  "@2003-10-11T22:14:15.003Z\nhost mymachine.example.com\nfacility=auth\nseverity=crit\nhostname=mymachine.example.com\n"
	  "program=su\nmsgid=ID47\nmessage='su root' failed for lonvick on /dev/pts/8\n" },
	{ "syslog", "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.",
	  "@2003-08-24T12:14:15.000003Z\nhost 192.0.2.1\nfacility=local4\nseverity=notice\nhostname=192.0.2.1\nprogram=myproc\npid=8710\n"
	  "message=%% It's time to make the do-nuts.\n" },
	{ "syslog",
	  "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut=\"3\" eventSource=\"Application\" "
	  "eventID=\"1011\"][examplePriority@32473 class=\"hi\\\"g\\]h\\\\\"]",
	  "@2003-10-11T22:14:15.003Z\nhost mymachine.example.com\nfacility=local4\nseverity=notice\nhostname=mymachine.example.com\n"
	  "program=evntslog\nmsgid=ID47\nexampleSDID@32473.iut=3\nexampleSDID@32473.eventSource=Application\n"
	  "exampleSDID@32473.eventID=1011\nexamplePriority@32473.class=hi\"g]h\\\nmessage=\n" },
	{ "syslog", "<13>1 - - - - - -", "facility=user\nseverity=notice\nmessage=\n" },
	{ "syslog", "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
	  "@2026-10-11T14:14:15Z\nhost mymachine\nfacility=auth\nseverity=crit\nhostname=mymachine\nprogram=su\n"
	  "message='su root' failed for lonvick on /dev/pts/8\n" },
	{ "syslog", "<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!",
	  "@2026-02-05T09:32:18Z\nhost 10.0.0.99\nfacility=user\nseverity=notice\nhostname=10.0.0.99\nmessage=Use the BFG!\n" },
	{ "syslog", "<0>1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!",
	  "@1990-10-22T02:52:01Z\nhost TZ-6\nfacility=kern\nseverity=emerg\nhostname=TZ-6\n"
	  "message=scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!\n" },
	{ "syslog",
	  "Nov 10 05:33:21 his01 sshd[4721]: Failed password for invalid user admin from 203.0.113.7 port 52311 ssh2\n"
	  "Nov 10 05:33:22 his01 CRON[4730]: (root) CMD (test -x /usr/sbin/anacron)\r\n"
	  "Nov 10 05:33:23 his01 kernel: [  12.345678] usb 1-1: new device\n"
	  "Nov 10 05:33:24 his01 last message repeated 2 times\n"
	  "Nov 10 05:33:25 his01 su(pam_unix)[312]: session opened\n"
	  "Nov 10 05:33:26 sudo: no host here\n",
	  "@2026-11-09T21:33:21Z\nhost his01\nhostname=his01\nprogram=sshd\npid=4721\nmessage=Failed password for invalid user admin from "
	  "203.0.113.7 port 52311 ssh2\n\n"
	  "@2026-11-09T21:33:22Z\nhost his01\nhostname=his01\nprogram=CRON\npid=4730\nmessage=(root) CMD (test -x /usr/sbin/anacron)\n\n"
	  "@2026-11-09T21:33:23Z\nhost his01\nhostname=his01\nprogram=kernel\nmessage=[  12.345678] usb 1-1: new device\n\n"
	  "@2026-11-09T21:33:24Z\nhost his01\nhostname=his01\nmessage=last message repeated 2 times\n\n"
	  "@2026-11-09T21:33:25Z\nhost his01\nhostname=his01\nprogram=su(pam_unix)\npid=312\nmessage=session opened\n\n"
	  "@2026-11-09T21:33:26Z\nprogram=sudo\nmessage=no host here\n" },
	{ "syslog", "2026-11-03T08:01:02.123456+08:00 db-1 postfix/smtpd[991]: connect from unknown[192.0.2.9]",
	  "@2026-11-03T00:01:02.123456Z\nhost db-1\nhostname=db-1\nprogram=postfix/smtpd\npid=991\nmessage=connect from unknown[192.0.2.9]\n" },
	{ "syslog", "<30>systemd[1]: Started x.", "facility=daemon\nseverity=info\nprogram=systemd\npid=1\nmessage=Started x.\n" },
	{ "syslog", "<13>no tag here", "facility=user\nseverity=notice\nmessage=no tag here\n" },
	{ "syslog", "71 <13>1 2026-11-03T08:01:02Z h a - - - counted as in RFC 6587, section 3.4.1",
	  "@2026-11-03T08:01:02Z\nhost h\nfacility=user\nseverity=notice\nhostname=h\nprogram=a\nmessage=counted as in RFC 6587, section 3.4.1\n" },
	{ "syslog", "<189>000123: *Nov  3 2026 08:01:02.123: %SYS-5-CONFIG_I: Configured from console by vty0 (10.1.1.1)",
	  "@2026-11-03T00:01:02.123Z\nfacility=local7\nseverity=notice\nprogram=%SYS-5-CONFIG_I\nmessage=Configured from console by vty0 (10.1.1.1)\n" },
	{ "syslog", "<188>Nov  3 2026 08:01:02 HUAWEI %%01SHELL/4/LOGIN(l)[1]:User login from 10.1.1.1",
	  "@2026-11-03T00:01:02Z\nhost HUAWEI\nfacility=local7\nseverity=warning\nhostname=HUAWEI\nprogram=%%01SHELL/4/LOGIN(l)\npid=1\n"
	  "message=User login from 10.1.1.1\n" },
	{ "syslog", "<190>Nov  3 08:01:02 2026 H3C %%10SHELL/5/SHELL_LOGIN: Console logged in from con0.",
	  "@2026-11-03T00:01:02Z\nhost H3C\nfacility=local7\nseverity=info\nhostname=H3C\nprogram=%%10SHELL/5/SHELL_LOGIN\n"
	  "message=Console logged in from con0.\n" },
	{ "syslog", "<134>1 1793664062.774247467 branch urls src: GET http://example.org/",
	  "@2026-11-03T00:01:02.774247467Z\nhost branch\nfacility=local0\nseverity=info\nhostname=branch\nmessage=urls src: GET http://example.org/\n" },
	{ "syslog", "Nov  3 08:01:02 fe80::1 http://example.org/ 12:30 x",
	  "@2026-11-03T00:01:02Z\nhost fe80::1\nhostname=fe80::1\nmessage=http://example.org/ 12:30 x\n" },
	/* payloads */
	{ "syslog", "<134>Nov  3 08:01:02 fw01 WAF: {\"attack\":\"sqli\",\"src\":{\"ip\":\"192.0.2.9\"}}",
	  "@2026-11-03T00:01:02Z\nhost fw01\nfacility=local0\nseverity=info\nhostname=fw01\nprogram=WAF\n"
	  "message={\"attack\":\"sqli\",\"src\":{\"ip\":\"192.0.2.9\"}}\nattack=sqli\nsrc.ip=192.0.2.9\n" },
	{ "syslog", "<134>Nov  3 08:01:02 fw01 {\"a\":1}",
	  "@2026-11-03T00:01:02Z\nhost fw01\nfacility=local0\nseverity=info\nhostname=fw01\nmessage={\"a\":1}\na=1\n" },
	{ "syslog", "<134>Nov  3 08:01:02 fw01 app: @cee: {\"a\":1}",
	  "@2026-11-03T00:01:02Z\nhost fw01\nfacility=local0\nseverity=info\nhostname=fw01\nprogram=app\nmessage=@cee: {\"a\":1}\na=1\n" },
	{ "syslog", "<134>Nov  3 08:01:02 fw01 app: broken {\"a\":1,}",
	  "@2026-11-03T00:01:02Z\nhost fw01\nfacility=local0\nseverity=info\nhostname=fw01\nprogram=app\nmessage=broken {\"a\":1,}\n" },
	{ "syslog", "Sep 19 08:26:10 host CEF:0|security|threatmanager|1.0|100|detected a \\| in message|10|src=10.0.0.1 act=blocked a | dst=1.1.1.1",
	  "@2026-09-19T00:26:10Z\nhost host\nhostname=host\n"
	  "message=CEF:0|security|threatmanager|1.0|100|detected a \\| in message|10|src=10.0.0.1 act=blocked a | dst=1.1.1.1\n"
	  "cefVersion=0\ndeviceVendor=security\ndeviceProduct=threatmanager\ndeviceVersion=1.0\ndeviceEventClassId=100\n"
	  "name=detected a | in message\nseverity=10\nsrc=10.0.0.1\nact=blocked a |\ndst=1.1.1.1\n" },
	{ "syslog", "<13>1 2026-11-03T08:01:02Z q - - - - LEEF:1.0|Lancope|StealthWatch|1.0|41|src=10.0.1.8\tdst=10.0.0.5\tsev=5",
	  "@2026-11-03T08:01:02Z\nhost q\nfacility=user\nseverity=notice\nhostname=q\n"
	  "message=LEEF:1.0|Lancope|StealthWatch|1.0|41|src=10.0.1.8\tdst=10.0.0.5\tsev=5\n"
	  "leefVersion=1.0\nvendor=Lancope\nproduct=StealthWatch\nproductVersion=1.0\nEventID=41\nsrc=10.0.1.8\ndst=10.0.0.5\nsev=5\n" },
	{ "syslog",
	  "<189>date=2026-11-03 time=08:01:02 devname=\"FGT-1\" devid=\"FGT60\" tz=\"+0700\" logid=\"0100032002\" msg=\"Login failed, \\\"x\\\"\" user=admin",
	  "@2026-11-03T01:01:02Z\nfacility=local7\nseverity=notice\n"
	  "message=date=2026-11-03 time=08:01:02 devname=\"FGT-1\" devid=\"FGT60\" tz=\"+0700\" logid=\"0100032002\" msg=\"Login failed, "
	  "\\\"x\\\"\" user=admin\n"
	  "date=2026-11-03\ntime=08:01:02\ndevname=FGT-1\ndevid=FGT60\ntz=+0700\nlogid=0100032002\nmsg=Login failed, \"x\"\nuser=admin\n" },
	{ "syslog",
	  "Nov  3 08:01:02 gw kernel: [ 77.1] [UFW BLOCK] IN=eth0 OUT= MAC=52:54:00 SRC=192.0.2.1 DST=10.0.0.2 LEN=40 ID=0 DF PROTO=TCP SPT=1 DPT=22 SYN URGP=0",
	  "@2026-11-03T00:01:02Z\nhost gw\nhostname=gw\nprogram=kernel\n"
	  "message=[ 77.1] [UFW BLOCK] IN=eth0 OUT= MAC=52:54:00 SRC=192.0.2.1 DST=10.0.0.2 LEN=40 ID=0 DF PROTO=TCP SPT=1 DPT=22 SYN URGP=0\n"
	  "IN=eth0\nOUT=\nMAC=52:54:00\nSRC=192.0.2.1\nDST=10.0.0.2\nLEN=40\nID=0\nPROTO=TCP\nSPT=1\nDPT=22\nURGP=0\n" },
	{ "syslog", "2018-07-22 11:19:31 fw %%01SHELL/4/LOGIN(l): access type:console vsys:root user:admin login from con0",
	  "@2018-07-22T03:19:31Z\nhost fw\nhostname=fw\nprogram=%%01SHELL/4/LOGIN(l)\n"
	  "message=access type:console vsys:root user:admin login from con0\n" },
	{ "syslog", "<30>Nov  3 08:01:02 h app: error: a:b 12:30:01 10.1.2.3:80 fe80::1 http://x at: y: z",
	  "@2026-11-03T00:01:02Z\nhost h\nfacility=daemon\nseverity=info\nhostname=h\nprogram=app\n"
	  "message=error: a:b 12:30:01 10.1.2.3:80 fe80::1 http://x at: y: z\n" },
	{ "syslog", "a continued line\n\tat java.lang\n",
	  "flaw not syslog: it begins neither with <priority> nor with a time\n\n"
	  "flaw not syslog: it begins neither with <priority> nor with a time\n" },
};

static void syslog_lines(void **state)
{
	(void)state;
	check_samples(syslog_samples, COUNT(syslog_samples));
	/* A datagram as devices send it. */
	ARENA(arena);
	CLEANUP(reading_done) struct reading reading = { .batch = { .names = names_new() } };
	CLEANUP(parse_done) struct parse parse;
	parse_init(&parse, &parser_syslog, &options);
	parse_record(&parse, &reading.batch, STR("<30>Nov  3 08:01:02 fw app: two\nlines\n\0"));
	assert_true(str_is(written(&arena, &reading.batch.events.p[0], reading.batch.names),
	                   "@2026-11-03T00:01:02Z\nhost fw\nfacility=daemon\nseverity=info\nhostname=fw\nprogram=app\n"
	                   "message=two\nlines\n"));
}

static const struct sample cef_samples[] = {
	/* "Implementing ArcSight Common Event Format": the example of the header, and each escape. */
	{ "cef", "CEF:0|Security|threatmanager|1.0|100|worm successfully stopped|10|src=10.0.0.1 dst=2.1.2.2 spt=1232",
	  "cefVersion=0\ndeviceVendor=Security\ndeviceProduct=threatmanager\ndeviceVersion=1.0\ndeviceEventClassId=100\n"
	  "name=worm successfully stopped\nseverity=10\nsrc=10.0.0.1\ndst=2.1.2.2\nspt=1232\n" },
	{ "cef", "CEF:0|security|threatmanager|1.0|100|detected a \\\\ in packet|10|src=10.0.0.1 act=blocked a \\\\ dst=1.1.1.1",
	  "cefVersion=0\ndeviceVendor=security\ndeviceProduct=threatmanager\ndeviceVersion=1.0\ndeviceEventClassId=100\n"
	  "name=detected a \\ in packet\nseverity=10\nsrc=10.0.0.1\nact=blocked a \\\ndst=1.1.1.1\n" },
	{ "cef", "CEF:0|security|threatmanager|1.0|100|Detected a threat. No action needed.|10|src=10.0.0.1 msg=Detected a threat.\\n No action needed. a\\=b",
	  "cefVersion=0\ndeviceVendor=security\ndeviceProduct=threatmanager\ndeviceVersion=1.0\ndeviceEventClassId=100\n"
	  "name=Detected a threat. No action needed.\nseverity=10\nsrc=10.0.0.1\nmsg=Detected a threat.\n No action needed. a=b\n" },
	{ "cef", "CEF: 1|V|P|1|7|n|High|rt=1793664062123 cs1Label=Policy Name cs1=web cn1=3 cn1Label=count dvchost=waf-1 request=http://x/?a=b",
	  "@2026-11-03T00:01:02.123Z\nhost waf-1\ncefVersion=1\ndeviceVendor=V\ndeviceProduct=P\ndeviceVersion=1\ndeviceEventClassId=7\nname=n\n"
	  "severity=High\nrt=1793664062123\ncs1Label=Policy Name\ncs1=web\ncn1=3\ncn1Label=count\ndvchost=waf-1\nrequest=http://x/?a=b\n"
	  "Policy Name=web\ncount=3\n" },
	{ "cef", "CEF:0|V|P|1|7|n|3|start=Nov 03 2026 08:01:02.5 GMT",
	  "@2026-11-03T08:01:02.5Z\ncefVersion=0\ndeviceVendor=V\ndeviceProduct=P\ndeviceVersion=1\ndeviceEventClassId=7\nname=n\nseverity=3\n"
	  "start=Nov 03 2026 08:01:02.5 GMT\n" },
	{ "cef", "CEF:0|V|P|1|7|n|3",
	  "cefVersion=0\ndeviceVendor=V\ndeviceProduct=P\ndeviceVersion=1\ndeviceEventClassId=7\nname=n\nseverity=3\n" },
	{ "cef", "CEF:0|V|P|1|7|n\nnot\n",
	  "flaw not CEF: no header CEF:0|vendor|product|version|id|name|severity|\n\n"
	  "flaw not CEF: no header CEF:0|vendor|product|version|id|name|severity|\n" },
};

static void cef_lines(void **state)
{
	(void)state;
	check_samples(cef_samples, COUNT(cef_samples));
}

static const struct sample leef_samples[] = {
	{ "leef", "LEEF:1.0|Microsoft|MSExchange|4.0 SP1|15345|src=192.0.2.0\tdst=172.50.123.1\tmsg=a = b",
	  "leefVersion=1.0\nvendor=Microsoft\nproduct=MSExchange\nproductVersion=4.0 SP1\nEventID=15345\nsrc=192.0.2.0\ndst=172.50.123.1\nmsg=a = b\n" },
	{ "leef", "LEEF:2.0|Lancope|StealthWatch|1.0|41|^|src=10.0.1.8^dst=10.0.0.5^devTime=Nov 03 2026 08:01:02",
	  "@2026-11-03T00:01:02Z\nleefVersion=2.0\nvendor=Lancope\nproduct=StealthWatch\nproductVersion=1.0\nEventID=41\nsrc=10.0.1.8\ndst=10.0.0.5\n"
	  "devTime=Nov 03 2026 08:01:02\n" },
	{ "leef", "LEEF:2.0|V|P|1|41|x7C|a=1|b=2\nLEEF:2.0|V|P|1|41|0x09|a=1\tb=2\nLEEF:2.0|V|P|1|41||a=1\tb=2\nLEEF:2.0|V|P|1|41|a=1\tb=x|y",
	  "leefVersion=2.0\nvendor=V\nproduct=P\nproductVersion=1\nEventID=41\na=1\nb=2\n\n"
	  "leefVersion=2.0\nvendor=V\nproduct=P\nproductVersion=1\nEventID=41\na=1\nb=2\n\n"
	  "leefVersion=2.0\nvendor=V\nproduct=P\nproductVersion=1\nEventID=41\na=1\nb=2\n\n"
	  "leefVersion=2.0\nvendor=V\nproduct=P\nproductVersion=1\nEventID=41\na=1\nb=x|y\n" },
	{ "leef", "LEEF:1.0|V|P", "flaw not LEEF: no header LEEF:1.0|vendor|product|version|id|\n" },
};

static void leef_lines(void **state)
{
	(void)state;
	check_samples(leef_samples, COUNT(leef_samples));
}

static const struct sample kv_samples[] = {
	{ "kv", "SrcZoneName(1025)=Trust;DstZoneName(1035)=Untrust;Type(1067)=ACL; Rule=deny all web ;SrcIPAddr(1003)=10.1.2.3",
	  "SrcZoneName=Trust\nDstZoneName=Untrust\nType=ACL\nRule=deny all web\nSrcIPAddr=10.1.2.3\n" },
	{ "kv", "源地址=10.1.2.3, 目的地址=10.1.2.4, 动作=拒绝 访问, 时间=x", "源地址=10.1.2.3\n目的地址=10.1.2.4\n动作=拒绝 访问\n时间=x\n" },
	{ "kv", "ts=1 level=info msg=\"a \\\"b\\\" c\" caller=main.go:12 err= quote='x y' open=\"never closed",
	  "ts=1\nlevel=info\nmsg=a \"b\" c\ncaller=main.go:12\nerr=\nquote=x y\nopen=never closed\n" },
	{ "kv", "2026-11-03 08:01:02 fw a=1 b=2 c=it's", "@2026-11-03T00:01:02Z\na=1\nb=2\nc=it's\n" },
	{ "kv", "id=tos time=\"2026-11-03 08:01:02\" fw=TopsecOS pri=6 type=ac recorder=FW-NGFW src=10.1.1.1 dst=10.1.1.2",
	  "@2026-11-03T00:01:02Z\nid=tos\ntime=2026-11-03 08:01:02\nfw=TopsecOS\npri=6\ntype=ac\nrecorder=FW-NGFW\nsrc=10.1.1.1\ndst=10.1.1.2\n" },
	{ "colon", "tag:waf_log_websec site_id:1531 dst_ip:10.24.3.1 dst_port:80 src_ip:192.0.2.9 method:GET uri:/a?b=c "
	        "stat_time:2026-11-03 08:01:02 alertlevel:HIGH",
	  "tag=waf_log_websec\nsite_id=1531\ndst_ip=10.24.3.1\ndst_port=80\nsrc_ip=192.0.2.9\nmethod=GET\nuri=/a?b=c\n"
	  "stat_time=2026-11-03 08:01:02\nalertlevel=HIGH\n" },
	{ "colon", "日志类型:WEB应用防护日志, 策略名称:默认 策略, 源IP:192.0.2.9, 源端口:4444, URL:http://a/b, 系统动作:拒绝",
	  "日志类型=WEB应用防护日志\n策略名称=默认 策略\n源IP=192.0.2.9\n源端口=4444\nURL=http://a/b\n系统动作=拒绝\n" },
	{ "kv", "just words", "flaw no key=value in it\n" },
};

static void kv_lines(void **state)
{
	(void)state;
	check_samples(kv_samples, COUNT(kv_samples));
}

static const struct sample csv_samples[] = {
	/* RFC 4180, section 2: quotes, doubled quotes, line ends within. */
	{ "csv", "aaa,bbb,ccc\r\nzzz,yyy,\"x\"\"x\r\nx, x\"\r\n\r\naaa,bbb,ccc\r\n1,,3,4\r\nshort",
	  "aaa=zzz\nbbb=yyy\nccc=x\"x\r\nx, x\n\naaa=1\nbbb=\nccc=3\ncolumn4=4\n\naaa=short\n" },
	{ "csv", "时间;用户;操作\n2026-11-03 08:01:02;张三;\"导出;1000 条\"\n",
	  "@2026-11-03T00:01:02Z\n时间=2026-11-03 08:01:02\n用户=张三\n操作=导出;1000 条\n" },
	{ "csv", "Date\tTime\tUser\n2026-11-03\t08:01:02\tx\n", "@2026-11-03T00:01:02Z\nDate=2026-11-03\nTime=08:01:02\nUser=x\n" },
	{ "csv", "sep=;\na,b;c\n1;2\n", "a,b=1\nc=2\n" },
	{ "csv", "2026-11-03 08:01:02,10.1.2.3,80\n2026-11-03 08:01:03,10.1.2.4,81\n",
	  "@2026-11-03T00:01:02Z\ncolumn1=2026-11-03 08:01:02\ncolumn2=10.1.2.3\ncolumn3=80\n\n"
	  "@2026-11-03T00:01:03Z\ncolumn1=2026-11-03 08:01:03\ncolumn2=10.1.2.4\ncolumn3=81\n" },
	{ "csv", "a,b\n\"never closed,1\n2,3\n\"5\" disk\",6\n", "a=never closed,1\n2,3\n\nb=6\n" },
};

static const struct sample w3c_samples[] = {
	{ "w3c",
	  "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2026-11-03 00:00:00\r\n"
	  "#Fields: date time s-computername cs-method cs-uri-stem cs-uri-query cs-username c-ip cs(User-Agent) sc-status\r\n"
	  "2026-11-03 08:01:02 WEB1 GET /si/query.aspx id=1+2 - 192.0.2.9 Mozilla/5.0+(Windows+NT+10.0) 200\r\n"
	  "2026-11-03 08:01:03 WEB1 POST / - - 192.0.2.9 - 500\r\n",
	  "@2026-11-03T08:01:02Z\nhost WEB1\ndate=2026-11-03\ntime=08:01:02\ns-computername=WEB1\ncs-method=GET\ncs-uri-stem=/si/query.aspx\n"
	  "cs-uri-query=id=1+2\nc-ip=192.0.2.9\ncs-user-agent=Mozilla/5.0 (Windows NT 10.0)\nsc-status=200\ncs-uri=/si/query.aspx?id=1+2\n\n"
	  "@2026-11-03T08:01:03Z\nhost WEB1\ndate=2026-11-03\ntime=08:01:03\ns-computername=WEB1\ncs-method=POST\ncs-uri-stem=/\n"
	  "c-ip=192.0.2.9\nsc-status=500\ncs-uri=/\n" },
	{ "w3c",
	  "#Version: 1.5\r\n#Software: Microsoft Windows Firewall\r\n#Time Format: Local\r\n#Fields: date time action protocol src-ip dst-ip\r\n\r\n"
	  "2026-11-03 08:01:02 DROP TCP 192.0.2.9 10.0.0.2\r\n",
	  "@2026-11-03T00:01:02Z\ndate=2026-11-03\ntime=08:01:02\naction=DROP\nprotocol=TCP\nsrc-ip=192.0.2.9\ndst-ip=10.0.0.2\n" },
	{ "w3c", "#Software: Microsoft Exchange Server\n#Fields: date-time,connector-id,context\n2026-11-03T08:01:02.123Z,\"a, b\",\n",
	  "@2026-11-03T08:01:02.123Z\ndate-time=2026-11-03T08:01:02.123Z\nconnector-id=a, b\ncontext=\n" },
	{ "w3c",
	  "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n#fields\tts\tuid\tid.orig_h\tquery\tanswers\tTTLs\n"
	  "#types\ttime\tstring\taddr\tstring\tvector[string]\tvector[interval]\n1793664062.123456\tCab\t10.1.2.3\texample.org\t(empty)\t-\n#close\t2026\n",
	  "@2026-11-03T00:01:02.123456Z\n_path=dns\nts=1793664062.123456\nuid=Cab\nid.orig_h=10.1.2.3\nquery=example.org\nanswers=\n" },
	{ "w3c", "a row\n", "flaw no line #Fields: before it names its columns\n" },
};

static void tables(void **state)
{
	(void)state;
	check_samples(csv_samples, COUNT(csv_samples));
	check_samples(w3c_samples, COUNT(w3c_samples));
}

static const struct sample plain_samples[] = {
	{ "plain", "[2026-11-03 08:01:02] started\n1793664062 x\n4000000000 is too late\n\n1234 y\n",
	  "@2026-11-03T00:01:02Z\nmessage=[2026-11-03 08:01:02] started\n\n@2026-11-03T00:01:02Z\nmessage=1793664062 x\n\n"
	  "message=4000000000 is too late\n\nmessage=1234 y\n" },
};

static void plain_lines(void **state)
{
	(void)state;
	check_samples(plain_samples, COUNT(plain_samples));
}

/* ---- corpora ---- */

static struct str file_text(struct arena *arena, const char *path)
{
	BUF(buf);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (;;) {
		ssize_t n = read(fd, buf_reserve(&buf, 65536), 65536);
		if (n <= 0)
			break;
		buf.n += (size_t)n;
	}
	close(fd);
	return arena_str(arena, buf_str(&buf));
}

static void check_corpus(const struct parser *parser, const char *folder)
{
	DIR *dir = opendir(folder);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		ARENA(arena);
		CLEANUP(reading_done) struct reading reading;
		if (entry->d_name[0] == '.')
			continue;
		struct str path = arena_printf(&arena, "%s/%s", folder, entry->d_name);
		check_ways(parser, file_text(&arena, path.p), &reading);
	}
	if (dir)
		closedir(dir);
}

static void corpora(void **state)
{
	(void)state;
	for (size_t i = 0; parsers[i]; i++) {
		ARENA(arena);
		if (parsers[i]->framing == FRAME_FILE)
			continue;
		check_corpus(parsers[i], arena_printf(&arena, "%s/fuzz/corpus/%s", WARD_SOURCE, parser_names[i]).p);
	}
}

/* ---- which format is it? ---- */

static void check_probe(const char *path, const char *what, struct str text, const char *expected)
{
	struct str name = str_from(parser_probe(text)->name);
	if (!str_is(name, expected)) {
		BUF(all);
		for (size_t i = 0; parsers[i]; i++)
			buf_printf(&all, " %s %d", parsers[i]->name, parsers[i]->probe ? parsers[i]->probe(text) : 0);
		fail_msg("%s, %s, is taken for %.*s (%s)", path, what, STR_ARG(name), buf_cstr(&all));
	}
	assert_true(parser_is_text(text));
}

static struct str with(struct arena *arena, const char *before, struct str text, const char *after)
{
	return arena_printf(arena, "%s%.*s%s", before, STR_ARG(text), after);
}

static struct str with_crlf(struct arena *arena, struct str text)
{
	BUF(buf);
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\n' && (i == 0 || text.p[i - 1] != '\r'))
			buf_add_char(&buf, '\r');
		buf_add_char(&buf, text.p[i]);
	}
	return arena_str(arena, buf_str(&buf));
}

/* A sample as it is, and as files begin that were cut, copied and commented upon. */
static void check_sample_file(const char *path, struct str text, const char *format)
{
	ARENA(arena);
	struct str many = STR("");
	for (int i = 0; i < 6; i++)
		many = with(&arena, "", many, text.p);
	struct str ends = str_slice(many, 0, many.n - text.n / 3);
	bool lines = !str_is(str_from(format), "w3c") && !str_is(str_from(format), "csv") && !str_is(str_from(format), "journald");
	check_probe(path, "as it is", text, format);
	check_probe(path, "with CRLF", with_crlf(&arena, text), format);
	check_probe(path, "ending in the middle of a line", ends, format);
	if (!lines) /* their first line is what tells */
		return;
	check_probe(path, "several times", many, format);
	check_probe(path, "with a comment before it", with(&arena, "# collected by backup, do not edit\n", many, ""), format);
	if (!str_is(str_from(format), "json")) {
		check_probe(path, "beginning in the middle of a line", str_slice(many, 11, many.n), format);
		check_probe(path, "with an empty line before it", with(&arena, "\n", many, "\n\n"), format);
	}
}

static void formats_are_found(void **state)
{
	(void)state;
	size_t samples = 0;
	for (size_t i = 0; parser_names[i]; i++) {
		ARENA(arena);
		struct str folder = arena_printf(&arena, "%s/tests/fixtures/formats/%s", WARD_SOURCE, parser_names[i]);
		DIR *dir = opendir(folder.p);
		for (struct dirent *entry; dir && (entry = readdir(dir));) {
			if (entry->d_name[0] == '.')
				continue;
			struct str path = arena_printf(&arena, "%s/%s", folder.p, entry->d_name), text = file_text(&arena, path.p);
			CLEANUP(reading_done) struct reading reading;
			check_sample_file(path.p, text, parser_names[i]);
			check_ways(parsers[i], text, &reading);
			assert_int_equal(reading.flawed, 0);
			samples++;
		}
		if (dir)
			closedir(dir);
	}
	assert_true(samples >= 30);
}

static void check_binary(struct str bytes)
{
	ARENA(arena);
	struct decode decode;
	size_t used;
	decode_init(&decode, ENCODING_AUTO);
	struct str text = decode_text(&decode, &arena, bytes, true, &used);
	assert_false(parser_is_text(text));
	for (size_t i = 0; parsers[i]; i++)
		if (parsers[i]->framing != FRAME_FILE && parsers[i]->probe && (parsers[i]->probe(text) || parsers[i]->probe(bytes)))
			fail_msg("%s takes bytes for text", parsers[i]->name);
}

static void bytes_are_no_text(void **state)
{
	(void)state;
	ARENA(arena);
	uint32_t seed = 1;
	size_t n = 65536;
	char *bytes = arena_bytes(&arena, n);
	for (int i = 0; i < 20; i++) {
		for (size_t j = 0; j < n; j++)
			bytes[j] = (char)next_random(&seed);
		check_binary((struct str){ bytes, n >> (i % 8) });
	}
	check_binary(str_slice(file_text(&arena, "/bin/true"), 0, n));
	/* A record of wtmp: much zero, a little text. */
	memset(bytes, 0, 384);
	memcpy(bytes, "\7\0\0\0\xe5\3\0\0pts/0", 13);
	memcpy(bytes + 44, "root", 4);
	check_binary((struct str){ bytes, 384 });
}

/* ---- what nobody should write ---- */

struct line_of {
	const char *head, *unit, *tail;
	size_t times;
};

static struct str build(struct arena *arena, const struct line_of *line, bool numbered)
{
	BUF(buf);
	buf_puts(&buf, line->head);
	for (size_t i = 0; i < line->times; i++) {
		if (numbered)
			buf_printf(&buf, line->unit, i);
		else
			buf_puts(&buf, line->unit);
	}
	buf_puts(&buf, line->tail);
	return arena_str(arena, buf_str(&buf));
}

/* Every parser on every text: nothing lost, all ways agree, and no more than a bounded time. */
static void check_all(struct str text)
{
	for (size_t i = 0; parsers[i]; i++) {
		if (parsers[i]->framing == FRAME_FILE)
			continue;
		CLEANUP(reading_done) struct reading whole, pieces;
		int64_t before = clock_thread_ns();
		read_text(&whole, parsers[i], text, 0, 0);
		int64_t took = clock_thread_ns() - before;
		if (took > INT64_C(3000000000))
			fail_msg("%s took %lld ms", parsers[i]->name, (long long)(took / 1000000));
		read_text(&pieces, parsers[i], text, 100000, 1);
		assert_int_equal(whole.records, pieces.records);
		assert_int_equal(whole.batch.events.n, pieces.batch.events.n);
		for (size_t j = 0; j < whole.batch.events.n; j++)
			assert_true(str_eq(whole.batch.events.p[j].raw, pieces.batch.events.p[j].raw));
	}
}

static void hostile_lines(void **state)
{
	(void)state;
	static const struct {
		struct line_of line;
		bool numbered;
	} lines[] = {
		{ { "Nov  3 08:01:02 h p: ", "k%zu=v ", "\n", 100000 }, true },       /* a million-key map, a line each of its kind */
		{ { "", "k%zu=v;", "\n", 100000 }, true },
		{ { "CEF:0|a|b|c|d|e|f|", "k%zu=v ", "\n", 100000 }, true },
		{ { "CEF:0|a|b|c|d|e|f|", "x%zuLabel=y ", "\n", 60000 }, true },
		{ { "LEEF:1.0|a|b|c|d|", "k%zu=v\t", "\n", 100000 }, true },
		{ { "CEF:0|a|b|c|d|e|f|k=", "=", "\n", 900000 }, false },
		{ { "CEF:0|a|b|c|d|e|f|k=", "\\=a", "\n", 300000 }, false },
		{ { "CEF:0|a|b|c|d|e|f|k=", "\\", "=\n", 900000 }, false },
		{ { "CEF:0|", "\\|", "\n", 400000 }, false },
		{ { "a=\"", "\\", "\"\n", 900000 }, false },
		{ { "a=", "\"", "\n", 900000 }, false },
		{ { "a=1 b=2 c=3 ", "d='", "\n", 300000 }, false },
		{ { "<13>1 - - - - - ", "[a b=\"c\"]", "\n", 90000 }, false },
		{ { "<13>1 - - - - - [a ", "b=\"\\", "\n", 200000 }, false },
		{ { "<13>", "[", "\n", 900000 }, false },
		{ { "<13>Nov  3 08:01:02 h p: ", "{\"a\":", "}\n", 100000 }, false },
		{ { "<13>Nov  3 08:01:02 h p: ", "[", "]}\n", 100000 }, false },
		{ { "", "\\x00", "\n", 100000 }, false },
		{ { "", "\"", "\n", 900000 }, false },
		{ { "a,b\n", "\",\"", "\n", 300000 }, false },
		{ { "", ",", "\n", 900000 }, false },
		{ { "#Fields: ", "a ", "\nx\n", 400000 }, false },
		{ { "", "\xff\xfe\xc0", "\n", 300000 }, false },
		{ { "", "\n", "x", 300000 }, false },
		{ { "", "\r", "\n", 300000 }, false },
	};
	for (size_t i = 0; i < COUNT(lines); i++) {
		ARENA(arena);
		check_all(build(&arena, &lines[i].line, lines[i].numbered));
	}
	check_all(STR("Nov  3 08:01:02 h p: a\0b\0=c\n\0\0\0\n{\"a\":\"\0\"}\n"));
}

static void a_line_of_100_megabytes(void **state)
{
	(void)state;
	ARENA(arena);
	size_t n = 100 * 1000 * 1000;
	char *text = arena_bytes(&arena, n + 40);
	memset(text, 'a', n);
	memcpy(text + n, "\nNov  3 08:01:02 h p: the next line\n", 36);
	CLEANUP(reading_done) struct reading reading;
	read_text(&reading, &parser_syslog, (struct str){ text, n + 36 }, 3000000, 1);
	size_t last = reading.batch.events.n - 1, bytes = 0;
	for (size_t i = 0; i < last; i++) {
		assert_non_null(reading.batch.events.p[i].flaw);
		assert_true(reading.batch.events.p[i].raw.n <= PARSE_LINE);
		assert_int_equal(reading.batch.events.p[i].line, 1);
		bytes += reading.batch.events.p[i].raw.n;
	}
	assert_int_equal(bytes, n);
	assert_null(reading.batch.events.p[last].flaw);
	assert_int_equal(reading.batch.events.p[last].line, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syslog_lines), cmocka_unit_test(cef_lines),     cmocka_unit_test(leef_lines),
		cmocka_unit_test(kv_lines),     cmocka_unit_test(plain_lines), cmocka_unit_test(tables),   cmocka_unit_test(corpora),       cmocka_unit_test(formats_are_found),
		cmocka_unit_test(bytes_are_no_text),
		cmocka_unit_test(hostile_lines), cmocka_unit_test(a_line_of_100_megabytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
