package changelog

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func example() Entry {
	return Entry{
		Package: "nodejs", Version: "1.4.2-s1", Distributions: "wikimedia",
		Changes: []string{"Security update\nof the base image"},
		Author:  "Ada Example <ada@example.org>",
		Date:    time.Date(2026, 11, 3, 9, 8, 7, 0, time.FixedZone("", 3600)),
	}
}

func TestPrepend(t *testing.T) {
	const old = "nodejs (1.4.2) wikimedia; urgency=low\r\n\r\n  * x\r\n\r\n -- A <a@example.org>  no date"
	got, err := Prepend([]byte(old), example())
	if err != nil {
		t.Fatal(err)
	}
	want := `nodejs (1.4.2-s1) wikimedia; urgency=high

  * Security update
    of the base image

 -- Ada Example <ada@example.org>  Tue, 03 Nov 2026 09:08:07 +0100

` + old
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPrependChanges(t *testing.T) {
	for _, test := range []struct {
		name    string
		changes []string
		want    []string
	}{
		{"two items", []string{"one", "two"}, []string{"  * one", "  * two"}},
		{"blank line inside", []string{"one\n\ntwo\n"}, []string{"  * one", "", "    two"}},
		{"laid out already", []string{"", "  [ Ada ]", "  * one", "    more", ""}, []string{"  [ Ada ]", "  * one", "    more"}},
		{"carriage returns and a bell", []string{"one\r\ntwo\a"}, []string{"  * one", "    two"}},
		{"deeper indentation stays flat", []string{"one\n      two"}, []string{"  * one", "    two"}},
		{"looks like a trailer", []string{"one\n -- A <a@example.org>  today"}, []string{"  * one", "    -- A <a@example.org>  today"}},
		{"looks like a heading", []string{"one\nx (1) y; urgency=low"}, []string{"  * one", "    x (1) y; urgency=low"}},
		{"laid out, then a trailer", []string{"  * one\n -- A <a@example.org>  today"}, []string{"  * one", "   -- A <a@example.org>  today"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := example()
			e.Changes = test.changes
			data, err := Prepend(nil, e)
			if err != nil {
				t.Fatal(err)
			}
			f, err := Parse("changelog", data)
			if err != nil || len(f.Warnings) > 0 || len(f.Entries) != 1 {
				t.Fatalf("reading back: %v %v\n%s", f, err, data)
			}
			if diff := cmp.Diff(test.want, f.Entries[0].Changes); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPrependKeepsParsedEntries(t *testing.T) {
	for _, path := range changelogs(t, "testdata/dpkg/*.changelog") {
		want, err := ParseNewest(path, read(t, path))
		if err != nil {
			t.Fatal(err)
		}
		data, err := Prepend(nil, want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseNewest(path, data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Entry{}, "Line", "RawDate")); diff != "" {
			t.Errorf("%s (-before +after):\n%s", path, diff)
		}
	}
}

func TestPrependErrors(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Entry)
		want   string
	}{
		"version":           {func(e *Entry) { e.Version = "1_0" }, `"1_0" is not a Debian version`},
		"name":              {func(e *Entry) { e.Package = "a/b" }, `cannot be the heading of an entry`},
		"no distribution":   {func(e *Entry) { e.Distributions = "" }, `cannot be the heading of an entry`},
		"line feed":         {func(e *Entry) { e.Distributions = "x\ny" }, `cannot be the heading of an entry`},
		"urgency":           {func(e *Entry) { e.Urgency = "very high" }, `cannot be the heading of an entry`},
		"no changes":        {func(e *Entry) { e.Changes = []string{"", "\n "} }, `it has no changes`},
		"no author":         {func(e *Entry) { e.Author = "" }, `"" is not an author`},
		"no address":        {func(e *Entry) { e.Author = "Ada" }, `"Ada" is not an author`},
		"no name":           {func(e *Entry) { e.Author = "<a@example.org>" }, `is not an author`},
		"author, two lines": {func(e *Entry) { e.Author = "A\nB <a@example.org>" }, `author and date must be on one line`},
		"no date":           {func(e *Entry) { e.Date = time.Time{} }, `"" is not a date`},
		"too large":         {nil, `more than 16777216 bytes`},
	} {
		t.Run(name, func(t *testing.T) {
			e, old := example(), []byte(nil)
			if test.change == nil {
				old = bytes.Repeat([]byte{'\n'}, MaxSize)
			} else {
				test.change(&e)
			}
			_, err := Prepend(old, e)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
