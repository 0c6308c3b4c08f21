package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/slipway-build/slipway/network"
	"github.com/slipway-build/slipway/problem"
)

// The kinds of errors; test with errors.Is.
var (
	ErrNotFound     = errors.New("not found")
	ErrUnauthorized = errors.New("access refused")
	ErrRateLimited  = errors.New("too many requests")
	ErrUnreachable  = errors.New("cannot be reached")
	ErrDigest       = errors.New("content differs from its digest")
	ErrFull         = errors.New("no space left")
	ErrUnsupported  = errors.New("not supported")
	ErrServer       = errors.New("internal failure")
	ErrRefused      = errors.New("request refused")
)

// Error is what went wrong with a registry. Its text never holds a password or token.
type Error struct {
	Kind       error         // one of the Err values
	Registry   string        // the host, as references name it
	Status     int           // of HTTP; 0 when there was no answer
	RetryAfter time.Duration // how long the registry wants to be left alone; 0: it did not say
	Detail     string        // what the registry or the network said
	Hint       string        // the next step, or ""

	permanent bool  // although the kind is transient
	cause     error // context.Canceled and the like; never shown
	codes     codes // that the registry gave
}

// Error is a sentence, with the hint on a line of its own.
func (e *Error) Error() string { return e.problem().Error() }

// problem is the error as people read it.
func (e *Error) problem() problem.Problem {
	text := fmt.Sprintf("registry %s: %v", e.Registry, e.Kind)
	if e.Status != 0 {
		text += fmt.Sprintf(" (%d)", e.Status)
	}
	if e.RetryAfter > 0 {
		text += ", wait " + waiting(e.RetryAfter)
	}
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return problem.Problem{Text: text, Hint: e.Hint}
}

// waiting writes a duration, of which nobody wants the seconds when it is in days.
func waiting(d time.Duration) string {
	if d < 48*time.Hour {
		return d.Round(time.Second).String()
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

// Unwrap makes errors.Is work with the kinds, and finds the problem.
func (e *Error) Unwrap() []error {
	if e.cause != nil {
		return []error{e.Kind, e.cause, e.problem()}
	}
	return []error{e.Kind, e.problem()}
}

// Transient tells whether the same request may succeed a little later. What was retried is
// transient still: the next run may finish it.
func (e *Error) Transient() bool {
	switch e.Kind {
	case ErrRateLimited, ErrUnreachable, ErrServer:
		return !e.permanent
	}
	return false
}

// Transient tells whether err is a registry's and may not happen again a little later.
func Transient(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Transient()
}

// maxDetail bounds what a server can put into an error.
const maxDetail = 400

func (h *host) fail(kind error, format string, args ...any) *Error {
	detail := strings.Join(strings.Fields(h.c.secrets.scrub(fmt.Sprintf(format, args...))), " ")
	if len(detail) > maxDetail {
		detail = detail[:maxDetail] + "…"
	}
	return &Error{Kind: kind, Registry: h.name, Detail: detail}
}

// answered turns an answer that is not one of the good ones into an error, and closes it.
func (h *host) answered(resp *http.Response) *Error {
	defer resp.Body.Close()
	var te *transport.Error
	detail, full := "", false
	said := codes{}
	err := transport.CheckError(resp)
	if e := (*Error)(nil); !errors.As(err, &te) && resp.StatusCode == http.StatusNotFound && errors.As(h.unreached(resp.Request.Context(), err), &e) {
		return e // cut: why it is not there decides whether it is
	}
	if te != nil {
		for _, d := range te.Errors {
			said[d.Code] = true
		}
		var texts []string
		for _, d := range te.Errors {
			texts = append(texts, diagnosis(d))
		}
		detail = strings.Join(texts, "; ")
		full = fullText(te.Error())
	}
	kind := ErrRefused
	switch s := resp.StatusCode; {
	case s == http.StatusInsufficientStorage, full && s >= 400:
		kind = ErrFull
	case s == http.StatusTooManyRequests, said[transport.TooManyRequestsErrorCode]:
		kind = ErrRateLimited
	case s == http.StatusMethodNotAllowed, s == http.StatusNotImplemented, said[transport.UnsupportedErrorCode]:
		kind = ErrUnsupported
	case s == http.StatusUnauthorized, s == http.StatusForbidden:
		kind = ErrUnauthorized
	case s == http.StatusProxyAuthRequired:
		kind = ErrUnreachable
	case s == http.StatusNotFound:
		kind = ErrNotFound
	case said[transport.DigestInvalidErrorCode]:
		kind = ErrDigest
	case s >= 500, s == http.StatusRequestTimeout:
		kind = ErrServer
	}
	if detail == "" {
		detail = http.StatusText(resp.StatusCode)
	}
	e := h.fail(kind, "%s", detail)
	e.Status, e.RetryAfter, e.codes = resp.StatusCode, retryAfter(resp), said
	switch kind {
	case ErrUnauthorized:
		e.Hint = h.loginHint(repositoryOf(resp.Request.Context()))
	case ErrUnreachable:
		e.permanent = true
		e.Hint = "the proxy asks for a password: put it into http_proxy, or slipway.https_proxy"
	case ErrFull:
		e.Hint = "the registry's disk is full; `slipway prune --registry` may make room"
	}
	return e
}

// fullNumber is ENOSPC or EDQUOT as docker-registry's file driver tells it: in the JSON of an answer, or
// as a library prints that.
var fullNumber = regexp.MustCompile(`"err":(28|122)\b|\berr:(28|122)\b`)

// fullText recognizes ENOSPC and EDQUOT in what a server says; docker-registry answers 500 with it.
func fullText(s string) bool {
	s = strings.ToLower(s)
	return strings.Contains(s, "no space left") || strings.Contains(s, "disk quota exceeded") ||
		strings.Contains(s, "filesystem") && fullNumber.MatchString(s)
}

// loginHint says where the login for a repository comes from, if it is not from a login to the registry.
func (h *host) loginHint(repository string) string {
	hint := "`slipway login " + h.name + "`"
	used := h.auth.used(repository)
	switch {
	case used.from == fromConfiguration:
		hint = "look at the configuration's username and password; a login does not go before them"
	case used.path != "":
		hint = "look at " + used.from + "; `slipway login " + h.name + "/" + used.path + "` writes it anew"
	case used.given:
		hint = "look at " + used.from + "; a login does not go before it"
	}
	if via := h.via(); via != "" {
		hint += ", or see what the proxy " + via + " allows"
	}
	return hint
}

// unreached turns a failed round trip into an error. A cancelled context stays recognizable.
func (h *host) unreached(ctx context.Context, err error) error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var ue *url.Error
	for errors.As(err, &ue) { // its text has the address, whose query may hold a signature
		err = ue.Err
	}
	if cause := context.Cause(ctx); cause != nil && !errors.As(cause, &own) {
		return fmt.Errorf("registry %s: %w", h.name, cause)
	}
	if own != nil {
		return own
	}
	e := h.fail(ErrUnreachable, "%v", err)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		e.Detail = "the connection was cut"
	}
	e.cause = err
	var dns *net.DNSError
	if errors.As(err, &dns) {
		e.permanent = dns.IsNotFound
		e.Hint = "check the registry's name"
	}
	if certificate(err) {
		e.permanent = true
		e.Hint = "name the authority's certificate with ca_bundle, or put it into " + h.c.network.Folder(h.name) + "/ca.crt"
	}
	if wantsCertificate(err) {
		e.Hint = "it wants a certificate of yours: put it into " + h.c.network.Folder(h.name) + "/client.cert, and its key into client.key beside it"
	}
	var file *network.FileError
	if errors.As(err, &file) {
		e.Hint = file.Hint
	}
	if via := h.via(); via != "" {
		e.Detail = "through the proxy " + via + ": " + e.Detail
		e.permanent = e.permanent || !errors.Is(err, syscall.ECONNREFUSED) && proxyRefusal(err)
	}
	return e
}

// proxyRefusal recognizes the answer of a proxy to CONNECT: Go gives its status text alone.
func proxyRefusal(err error) bool {
	for _, s := range []int{http.StatusForbidden, http.StatusProxyAuthRequired, http.StatusUnauthorized, http.StatusMethodNotAllowed} {
		if err.Error() == http.StatusText(s) {
			return true
		}
	}
	return false
}
