package changelog

import (
	"fmt"
	"strings"
	"time"
)

// dateLayouts are tried in order once the day of the week is gone.
var dateLayouts = []string{
	"2 Jan 2006 15:04:05 -0700",
	"2 January 2006 15:04:05 -0700",
	"2 Jan 2006 15:04:05 -07:00",
	"2 Jan 2006 15:04 -0700",
	"2 Jan 2006 15:04:05",
	"2 Jan 2006",
	"Jan 2 15:04:05 2006",
	time.RFC3339,
	"2006-01-02 15:04:05 -0700",
	"2006-01-02 15:04:05",
	"2006-01-02",
}

// zones are the names of zones that RFC 5322 still allows; others are ambiguous.
var zones = map[string]string{
	"UTC": "+0000", "GMT": "+0000", "UT": "+0000", "Z": "+0000",
	"EST": "-0500", "EDT": "-0400", "CST": "-0600", "CDT": "-0500",
	"MST": "-0700", "MDT": "-0600", "PST": "-0800", "PDT": "-0700",
}

// ParseDate reads the date of a trailer. deb-changelog(5) asks for "day-of-week, dd month yyyy
// hh:mm:ss +zzzz"; a wrong or missing day of the week, the zones that RFC 5322 names, full names
// of months and ISO 8601 are accepted too. A date without a zone is UTC.
func ParseDate(s string) (time.Time, error) {
	fields := strings.Fields(s)
	if len(fields) > 0 {
		if day, rest, ok := strings.Cut(fields[0], ","); ok && !strings.ContainsAny(day, "0123456789") {
			fields[0] = rest
			if rest == "" {
				fields = fields[1:]
			}
		} else if _, err := time.Parse("Mon", fields[0]); err == nil {
			fields = fields[1:]
		}
	}
	if n := len(fields); n > 1 && strings.HasPrefix(fields[n-1], "(") {
		fields = fields[:n-1] // "+0000 (UTC)"
	}
	for i, f := range fields {
		if offset, ok := zones[strings.ToUpper(f)]; ok {
			fields[i] = offset
		}
		if strings.EqualFold(f, "Sept") {
			fields[i] = "Sep"
		}
	}
	clean := strings.Join(fields, " ")
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, clean); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("cannot parse date %q: it is not like \"Mon, 02 Jan 2006 15:04:05 +0000\"", s)
}

// FormatDate writes a date as deb-changelog(5) and date -R do.
func FormatDate(t time.Time) string { return t.Format("Mon, 02 Jan 2006 15:04:05 -0700") }
