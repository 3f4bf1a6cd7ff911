/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "role/wire.h"

static void put_32(struct buf *out, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		buf_add_char(out, (char)(value >> 8 * i & 255));
}

static void batch(struct buf *out)
{
	size_t begin = wire_begin(out, WIRE_BATCH, 7);
	wire_put_int(out, 1795402800);
	wire_put_text(out, STR("auth"));
	wire_put_text(out, STR("{}\n"));
	wire_put_int(out, 1);
	wire_put_text(out, STR_NONE);
	put_32(out, 1);
	wire_put_text(out, STR("auth:/var/log/auth.log"));
	wire_put_text(out, STR("17"));
	put_32(out, 2);
	wire_put_record(out, 5, STR("ws1"), STR("json"), STR("{\"a\":1}"));
	wire_put_record(out, INT64_MIN, STR(""), STR(""), STR("\0x"));
	wire_end(out, begin);
}

static void what_goes_in_comes_out(void **state)
{
	(void)state;
	struct wire_frame frame;
	struct wire_batch got;
	size_t used;
	ARENA(arena);
	BUF(wire);
	batch(&wire);
	batch(&wire);
	assert_int_equal(wire_frame(buf_str(&wire), &frame, &used, NULL), 1);
	assert_int_equal(used, wire.n / 2);
	assert_int_equal(frame.kind, WIRE_BATCH);
	assert_int_equal(frame.number, 7);
	assert_int_equal(wire_batch_read(&arena, frame.payload, &got, NULL), 0);
	assert_int_equal(got.arrived, 1795402800);
	assert_true(str_is(got.findings, "{}\n"));
	assert_int_equal(got.n_findings, 1);
	assert_null(got.state.p);
	assert_int_equal(got.n_positions, 1);
	assert_true(str_is(got.positions[0].position, "17"));
	assert_int_equal(got.n, 2);
	assert_int_equal(got.records[0].time, 5);
	assert_true(str_is(got.records[0].host, "ws1"));
	assert_true(str_is(got.records[0].parser, "json"));
	assert_true(str_is(got.records[0].source, "auth"));
	assert_int_equal(got.records[1].time, INT64_MIN);
	assert_true(str_eq(got.records[1].raw, STR("\0x")));
	assert_int_equal(got.bytes, 9);
}

static void nothing_is_read_past_an_end(void **state)
{
	(void)state;
	struct wire_frame frame;
	struct wire_batch got;
	size_t used;
	BUF(wire);
	batch(&wire);
	struct str payload = str_slice(buf_str(&wire), WIRE_HEAD, wire.n);
	for (size_t i = 0; i < payload.n; i++) {
		ARENA(arena);
		BUF(part);
		buf_add(&part, str_slice(payload, 0, i));
		assert_int_equal(wire_batch_read(&arena, buf_str(&part), &got, NULL), -EBADMSG);
	}
	for (size_t i = 0; i < wire.n; i++)
		assert_int_equal(wire_frame(str_slice(buf_str(&wire), 0, i), &frame, &used, NULL), 0);
	/* Counts and lengths that cannot be. */
	for (size_t i = 0; i + 4 <= payload.n; i++) {
		ARENA(arena);
		BUF(part);
		buf_add(&part, payload);
		memset(part.p + i, 0x7f, 4);
		(void)!wire_batch_read(&arena, buf_str(&part), &got, NULL);
	}
	BUF(long_one);
	buf_add(&long_one, STR("\xff\xff\xff\xff\x05\0\0\0\0\0\0\0\0\0\0\0"));
	assert_int_equal(wire_frame(buf_str(&long_one), &frame, &used, NULL), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(nothing_is_read_past_an_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
