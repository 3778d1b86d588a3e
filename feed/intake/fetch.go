package intake

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// fetched is what a partner's server answered. body is nil if nothing has changed.
type fetched struct {
	body  *spooled
	seen  validators
	stamp Stamp
}

// fetchError is why nothing came.
type fetchError struct {
	code, message string
	ill           bool          // of the partner or the network: trying again may help
	after         time.Duration // the partner asked to wait so long
	refused       bool          // something came that can never be used
	cause         error
}

func (e *fetchError) Error() string { return e.code + ": " + e.message }
func (e *fetchError) Unwrap() error { return e.cause }

// Why a try was broken off.
var (
	errSlow   = errors.New("the pull took too long")
	errSilent = errors.New("the partner said nothing for too long")
)

// fetchOnce asks a partner's server once. known, if any, lets it answer that nothing has changed.
func (c *Core) fetchOnce(ctx context.Context, f *Feed, known *validators) (*fetched, error) {
	ctx, stop := context.WithTimeoutCause(ctx, c.settings.PullTime, errSlow)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(c.settings.SilentTime, func() { cancel(errSilent) })
	defer silence.Stop()

	if f.Header.Name != "" {
		ctx = context.WithValue(ctx, credentialsKey{}, f.Header.Name)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, http.NoBody)
	if err != nil {
		return nil, &fetchError{code: "bad_address", message: "The address cannot be asked.", cause: err}
	}
	req.Header.Set("User-Agent", "Holdfast")
	if f.Header.Name != "" {
		req.Header.Set(f.Header.Name, f.Header.Value)
	}
	if known != nil && known.etag != "" {
		req.Header.Set("If-None-Match", known.etag)
	}
	if known != nil && known.lastModified != "" {
		req.Header.Set("If-Modified-Since", known.lastModified)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, unanswered(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }()
	switch {
	case resp.StatusCode == http.StatusNotModified && known != nil && *known != (validators{}):
		return &fetched{}, nil
	case resp.StatusCode != http.StatusOK:
		return nil, refusedBy(resp)
	}
	body, err := c.spool(&awake{r: resp.Body, timer: silence, every: c.settings.SilentTime})
	switch {
	case errors.Is(err, errTooLarge):
		return nil, &fetchError{code: "delivery_too_large", message: "The file is larger than " + strconv.FormatInt(c.settings.MaxBody, 10) + " bytes.", refused: true, cause: err}
	case errors.Is(err, errRead):
		return nil, unanswered(ctx, err)
	case err != nil:
		return nil, &fetchError{code: "no_room", message: "The file could not be stored here.", cause: err}
	}
	now := c.now()
	return &fetched{
		body: body, stamp: stampOf(resp.Header, now),
		seen: validators{validator(resp.Header.Get("ETag")), validator(resp.Header.Get("Last-Modified"))},
	}, nil
}

const maxValidator = 500 // bytes

// validator is a header field as it may be kept; one that would have to be changed for that is none.
func validator(s string) string {
	if cut(s, maxValidator) != s {
		return ""
	}
	return s
}

// stampOf is the version of what was pulled: as the sender says it, else when it was changed, else now. What lies in the
// future is not believed.
func stampOf(h http.Header, now time.Time) Stamp {
	if s, err := ParseStamp(h.Get(StampHeader)); err == nil && !s.IsZero() && !s.At.After(now.Add(MaxAhead)) {
		return s
	}
	if at, err := http.ParseTime(h.Get("Last-Modified")); err == nil && !at.After(now) && at.Year() >= 1970 {
		return Stamp{At: at}.Exact()
	}
	return Stamp{At: now}
}

// unanswered says why no whole answer came.
func unanswered(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, errSlow), errors.Is(cause, errSilent):
		return &fetchError{code: "too_slow", message: "The partner's server did not answer in time: " + cause.Error() + ".", ill: true, cause: err}
	case cause != nil:
		return cause // the service stops, or lost the feed
	case errors.Is(err, errPrivate):
		return &fetchError{code: "private_address", message: "The address leads into a private network, which is not allowed here.", cause: err}
	case errors.Is(err, errRedirect):
		return &fetchError{code: "bad_redirect", message: "The partner's server leads elsewhere too often, or to what is no safe address.", cause: err}
	default:
		return &fetchError{code: "unreachable", message: "The partner's server could not be reached, or broke off.", ill: true, cause: err}
	}
}

// refusedBy says what an answer other than 200 means.
func refusedBy(resp *http.Response) error {
	e := &fetchError{code: "status_" + strconv.Itoa(resp.StatusCode), message: "The partner's server answered " + strconv.Itoa(resp.StatusCode) + "."}
	switch resp.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		e.ill = true
	default:
		e.ill = resp.StatusCode >= http.StatusInternalServerError
	}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.after = time.Duration(min(seconds, int(maxAsked/time.Second))) * time.Second
	}
	return e
}

// maxAsked bounds what a partner can ask to wait.
const maxAsked = time.Hour

// awake moves a deadline with every byte.
type awake struct {
	r     io.Reader
	timer *time.Timer
	every time.Duration
}

func (a *awake) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	if n > 0 {
		a.timer.Reset(a.every)
	}
	return n, err
}
