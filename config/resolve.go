package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/slipway-build/slipway/pattern"
)

// The patterns are the YAML 1.1 type repository's, in the narrower form that PyYAML has: a float
// needs a dot and its exponent a sign, and only whole words are booleans.
var (
	intPattern = pattern.New(`^[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]+|0|[1-9][0-9_]*(:[0-5]?[0-9])*)$`)

	floatPattern = pattern.New(`^([-+]?[0-9][0-9_]*\.[0-9_]*([eE][-+][0-9]+)?` +
		`|\.[0-9][0-9_]*([eE][-+][0-9]+)?` +
		`|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*` +
		`|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$`)

	datePattern = pattern.New(`^\d{4}-\d\d-\d\d$`)

	timePattern = pattern.New(`^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)` +
		`(?:\.(\d*))?(?:[ \t]*(?:Z|([-+])(\d\d?)(?::(\d\d))?))?$`)

	booleans = map[string]bool{
		"yes": true, "Yes": true, "YES": true, "no": false, "No": false, "NO": false,
		"true": true, "True": true, "TRUE": true, "false": false, "False": false, "FALSE": false,
		"on": true, "On": true, "ON": true, "off": false, "Off": false, "OFF": false,
	}
)

// resolve gives a plain scalar the type that PyYAML gives it.
func resolve(s string) (any, error) {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return nil, nil
	}
	if b, ok := booleans[s]; ok {
		return b, nil
	}
	if c := s[0]; c != '-' && c != '+' && c != '.' && (c < '0' || c > '9') {
		return s, nil
	}
	switch {
	case floatPattern.MatchString(s):
		return parseFloat(s)
	case intPattern.MatchString(s):
		return parseInt(s)
	case datePattern.MatchString(s), timePattern.MatchString(s):
		return parseDate(s)
	}
	return s, nil
}

// construct reads a scalar that has one of YAML's own tags, in its short form like !!int.
func construct(tag, s string) (any, error) {
	switch tag {
	case "!!str", "!":
		return s, nil
	case "!!null":
		return nil, nil
	case "!!bool":
		switch strings.ToLower(s) {
		case "yes", "true", "on":
			return true, nil
		case "no", "false", "off":
			return false, nil
		}
		return nil, errors.New("it is not a boolean")
	case "!!int":
		return parseInt(s)
	case "!!float":
		return parseFloat(s)
	case "!!timestamp":
		return parseDate(s)
	case "!!binary":
		data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
		if err != nil {
			return nil, errors.New("it is not base64")
		}
		return binary(data), nil
	}
	return nil, errTag
}

var errTag = errors.New("the tag has no meaning here")

// maxDigits bounds integers: conversion takes time that grows with the square of it.
const maxDigits = 4000

func parseInt(s string) (any, error) {
	notInt := errors.New("it is not an integer")
	digits := strings.ReplaceAll(s, "_", "")
	if len(digits) > maxDigits {
		return nil, fmt.Errorf("it has more than %d digits", maxDigits)
	}
	negative := strings.HasPrefix(digits, "-")
	if negative || strings.HasPrefix(digits, "+") {
		digits = digits[1:]
	}
	base := 10
	switch {
	case strings.HasPrefix(digits, "0b"):
		base, digits = 2, digits[2:]
	case strings.HasPrefix(digits, "0x"):
		base, digits = 16, digits[2:]
	case len(digits) > 1 && digits[0] == '0':
		base, digits = 8, digits[1:]
	}
	n := new(big.Int)
	for part := range strings.SplitSeq(digits, ":") { // 1:30 is 1*60+30
		digit, ok := new(big.Int).SetString(part, base)
		if !ok || digit.Sign() < 0 || part[0] == '+' || base != 10 && len(part) != len(digits) {
			return nil, notInt
		}
		n.Add(n.Mul(n, big.NewInt(60)), digit)
	}
	if negative {
		n.Neg(n)
	}
	if n.IsInt64() && int64(int(n.Int64())) == n.Int64() {
		return int(n.Int64()), nil
	}
	return n, nil
}

func parseFloat(s string) (any, error) {
	digits := strings.ToLower(strings.ReplaceAll(s, "_", ""))
	sign := 1.0
	if strings.HasPrefix(digits, "-") {
		sign = -1
	}
	if strings.HasPrefix(digits, "-") || strings.HasPrefix(digits, "+") {
		digits = digits[1:]
	}
	switch digits {
	case ".inf":
		return sign * math.Inf(1), nil
	case ".nan":
		return math.NaN(), nil
	}
	parts := strings.Split(digits, ":")
	sum, base := 0.0, 1.0
	for i := len(parts) - 1; i >= 0; i-- {
		f, err := strconv.ParseFloat(parts[i], 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return nil, errors.New("it is not a number")
		}
		sum += f * base
		base *= 60
	}
	return sign * sum, nil
}

// parseDate reads a date, or a date and time whose numbers need not have two digits.
func parseDate(s string) (any, error) {
	if datePattern.MatchString(s) {
		t, err := time.Parse(time.DateOnly, s)
		if err != nil || t.Year() < 1 {
			return nil, errors.New("there is no such day")
		}
		return date{Time: t, DateOnly: true}, nil
	}
	m := timePattern.FindStringSubmatch(s)
	if m == nil {
		return nil, errors.New("it is not a date")
	}
	n := func(i int) int { v, _ := strconv.Atoi(m[i]); return v }
	nanos, _ := strconv.Atoi((m[7] + "000000")[:6])
	zone, hasZone := time.UTC, strings.HasSuffix(s, "Z")
	if m[8] != "" {
		offset := n(9)*3600 + n(10)*60
		if offset >= 24*3600 {
			return nil, errors.New("there is no such time zone")
		}
		if m[8] == "-" {
			offset = -offset
		}
		zone, hasZone = time.FixedZone("", offset), true
	}
	t := time.Date(n(1), time.Month(n(2)), n(3), n(4), n(5), n(6), nanos*1000, zone)
	if t.Year() < 1 || t.Year() != n(1) || int(t.Month()) != n(2) || t.Day() != n(3) ||
		t.Hour() != n(4) || t.Minute() != n(5) || t.Second() != n(6) {
		return nil, errors.New("there is no such day or time")
	}
	return date{Time: t, HasZone: hasZone}, nil
}
