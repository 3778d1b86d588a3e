package intake

import (
	"hash/fnv"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"holdfast/fault"
	"holdfast/uid"
)

// Feed is the definition of one partner's feed.
type Feed struct {
	Partner  string // short name: lower-case letters, digits and hyphens, starting with a letter; the feed's name
	Supplier uid.ID // whose stock and content the feed is about
	Format   string // one of Deps.Formats
	URL      string // http or https, without user and fragment; "" for a feed that is only pushed
	Every    time.Duration
	// Jitter spreads pulls over the time after each multiple of Every: 0 is on the hour, for all partners at once.
	Jitter time.Duration
	// MaxRemovedBP is the share of what is there, in basis points, that a file may remove without being held.
	MaxRemovedBP int
	ShiftWeeks   int // by which timetables are moved
	Enabled      bool
	Header       Header // sent with each pull

	Revision             int64
	CreatedAt, UpdatedAt time.Time
}

// Header is a header with the partner's credentials. Its value is shown as Masked, and Masked stored means "as it was".
type Header struct{ Name, Value string }

// Masked stands for the value of a header wherever a feed is shown.
const Masked = "********"

// NewFeed is a definition with the defaults: every hour, spread over the hour, a fifth may go, enabled.
func NewFeed(partner string, supplier uid.ID, format string) Feed {
	return Feed{Partner: partner, Supplier: supplier, Format: format, Every: time.Hour, Jitter: time.Hour, MaxRemovedBP: 2000, Enabled: true}
}

// Bounds of a definition.
const (
	MinEvery      = time.Minute
	MaxEvery      = 31 * 24 * time.Hour
	MaxURL        = 2000 // bytes
	MaxHeader     = 4000 // bytes of a header's value
	MaxShiftWeeks = 5000 // a century, less a few years
)

var (
	partnerName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)
	headerName  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,63}$`)
)

// refusedHeaders are set by a pull itself, or would change what it means.
var refusedHeaders = map[string]bool{
	"host": true, "if-none-match": true, "if-modified-since": true, "connection": true, "transfer-encoding": true, "content-length": true,
	"accept-encoding": true, "range": true, "upgrade": true, "te": true, "trailer": true, "expect": true, "proxy-authorization": true,
}

// check refuses a definition that breaks a rule; the error names every wrong field.
func (f *Feed) check(formats map[string]Format, allowPrivate bool) error {
	var wrong []fault.Field
	say := func(field, code, message string) {
		wrong = append(wrong, fault.Field{Pointer: "/" + field, Code: code, Message: message})
	}
	if !partnerName.MatchString(f.Partner) {
		say("partner", "wrong_format", "Give the partner a short name of lower-case letters, digits and hyphens, at most 40, starting with a letter.")
	}
	if f.Supplier.IsZero() {
		say("supplier_id", "required", "Name the supplier whose timetable this is.")
	}
	if _, known := formats[f.Format]; !known {
		say("format", "unknown_value", "This format is not known here.")
	}
	if f.URL != "" {
		if why := checkURL(f.URL, allowPrivate); why != "" {
			say("url", "wrong_format", why)
		}
	}
	if f.Every < MinEvery || f.Every > MaxEvery || f.Every%time.Second != 0 {
		say("every", "out_of_range", "Pull every minute to every 31 days, in whole seconds.")
	}
	if f.Jitter < 0 || f.Jitter > f.Every || f.Jitter%time.Second != 0 {
		say("jitter", "out_of_range", "The jitter lies between 0 and the interval, in whole seconds.")
	}
	if f.MaxRemovedBP < 0 || f.MaxRemovedBP > 10_000 {
		say("max_removed_bp", "out_of_range", "The share lies between 0 and 10000 basis points.")
	}
	if f.ShiftWeeks < -MaxShiftWeeks || f.ShiftWeeks > MaxShiftWeeks {
		say("shift_weeks", "out_of_range", "Shift by at most "+strconv.Itoa(MaxShiftWeeks)+" weeks.")
	}
	if h := f.Header; h != (Header{}) {
		switch {
		case !headerName.MatchString(h.Name) || refusedHeaders[strings.ToLower(h.Name)]:
			say("header/name", "wrong_format", "This header cannot carry credentials.")
		case h.Value == "" || len(h.Value) > MaxHeader || strings.ContainsFunc(h.Value, func(r rune) bool { return r < ' ' || r > '~' }):
			say("header/value", "wrong_format", "The value must be printable ASCII, at most "+strconv.Itoa(MaxHeader)+" characters.")
		case f.URL == "":
			say("url", "required", "A header is sent with pulls; give the address, or leave out the header.")
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	e := fault.New(fault.Invalid, "feed_invalid", "The feed cannot be kept like this: %s", wrong[0].Message)
	e.Fields = wrong
	return e
}

// checkURL says what is wrong with an address; "" is nothing. Names are looked at again when they are dialled.
func checkURL(text string, allowPrivate bool) string {
	u, err := url.Parse(text)
	switch {
	case err != nil || len(text) > MaxURL || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "The address must be an http or https URL."
	case u.User != nil:
		return "Give credentials as a header, not in the address."
	case u.Fragment != "":
		return "The address of a feed has no fragment."
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !allowPrivate && !public(ip) {
		return "The address is one of a private network."
	}
	return ""
}

// dueAfter is the first due time after an instant. In each interval there is one, at a place that depends on partner
// and interval alone: spread evenly over Jitter, the same for every process.
func (f *Feed) dueAfter(at time.Time) time.Time {
	for k := at.UnixNano() / int64(f.Every); ; k++ {
		if due := time.Unix(0, k*int64(f.Every)).UTC().Add(f.phase(k)); due.After(at) {
			return due
		}
	}
}

func (f *Feed) phase(interval int64) time.Duration {
	if f.Jitter <= 0 {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(f.Partner + " " + strconv.FormatInt(interval, 10))) // a hash takes everything
	sum := h.Sum64()
	sum ^= sum >> 33 // the last bytes written move the high bits of FNV too little
	sum *= 0xff51afd7ed558ccd
	sum ^= sum >> 33
	return time.Duration(sum % uint64(f.Jitter)).Truncate(time.Millisecond)
}

// masked is the feed as it may be shown.
func (f Feed) masked() Feed {
	if f.Header.Value != "" {
		f.Header.Value = Masked
	}
	return f
}
