package config

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/go-json-experiment/json/jsontext"
)

// Source is a layer that values come from; a later one wins.
type Source int

// The layers.
const (
	Default Source = iota + 1
	File
	Environment
	Flag
)

func (s Source) String() string {
	switch s {
	case Default:
		return "default"
	case File:
		return "file"
	case Environment:
		return "environment"
	case Flag:
		return "flag"
	default:
		return "source " + strconv.Itoa(int(s))
	}
}

// Origin says where a value came from.
type Origin struct {
	Source Source
	Place  string // the file, the variable or the flag; "" for a default
}

func (o Origin) String() string { return strings.TrimSpace(o.Source.String() + " " + o.Place) }

// Value is one effective setting for people.
type Value struct {
	Key    string
	Text   string // secrets are masked
	Origin Origin
	Help   string
	Flag   string // with --
	Env    string
}

// Loader fills a Config. It is a kong.Resolver: kong reads the command line and asks it for everything that is not
// there.
type Loader struct {
	config    *Config
	fields    []*field
	byFlag    map[string]*field
	origins   map[string]Origin
	file      string // "" until it was looked for, and when there is none
	looked    bool
	values    map[string]string // of the file, by key
	suppliers jsontext.Value
}

var _ kong.Resolver = (*Loader)(nil)

// NewLoader makes a loader for one Config, which must be part of the command-line struct that kong is given.
func NewLoader(c *Config) *Loader {
	l := &Loader{config: c, fields: fieldsOf(reflect.ValueOf(c).Elem(), "", ""), byFlag: map[string]*field{}, origins: map[string]Origin{}}
	for _, f := range l.fields {
		l.byFlag[f.flag] = f
	}
	return l
}

// Validate implements kong.Resolver.
func (l *Loader) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver: the environment's value of a setting, else the file's, else nil.
func (l *Loader) Resolve(ctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	f, ours := l.byFlag[flag.Name]
	if !ours {
		return nil, nil
	}
	if err := l.readFile(ctx); err != nil {
		return nil, &Error{err}
	}
	var text string
	var origin Origin
	// An empty variable is none, but for texts, which it can set to nothing.
	if v, ok := os.LookupEnv(f.env); ok && (v != "" || f.value.Kind() == reflect.String) {
		text, origin = v, Origin{Environment, f.env}
	} else if v, ok := l.values[f.key]; ok {
		text, origin = v, Origin{File, l.file}
	} else {
		return nil, nil
	}
	if !f.parses(text) {
		return nil, &Error{f.complaint(text, f.wants(), origin)}
	}
	l.origins[f.key] = origin
	return text, nil
}

// readFile reads the file that the flag --config or HOLDFAST_CONFIG names, once.
func (l *Loader) readFile(ctx *kong.Context) (err error) {
	if l.looked {
		return nil
	}
	l.looked = true
	l.file = os.Getenv(l.byFlag["config"].env)
	for _, path := range ctx.Path {
		if path.Flag != nil && path.Flag.Name == "config" {
			l.file, _ = ctx.FlagValue(path.Flag).(string)
		}
	}
	if l.file == "" {
		return nil
	}
	l.values, l.suppliers, err = readFile(l.file, l.fields)
	return err
}

// Error is a setting that is wrong. Its text is for the operator, complete as it is.
type Error struct{ err error }

func (e *Error) Error() string { return e.err.Error() }

// Unwrap gives what went wrong.
func (e *Error) Unwrap() error { return e.err }

func (f *field) complaint(text, want string, o Origin) error {
	if f.secret {
		text = "not right"
	} else if f.value.Kind() == reflect.String || !f.parses(text) {
		text = strconv.Quote(text)
	}
	return fmt.Errorf("%s is %s, want %s (from %v)", f.key, text, want, o)
}

// Finish checks what kong has filled in, reads secrets from their files, and settles what follows from other values.
// Errors are *Error.
func (l *Loader) Finish(ctx *kong.Context) error {
	for _, path := range ctx.Path {
		if path.Flag != nil && !path.Resolved {
			if f, ours := l.byFlag[path.Flag.Name]; ours {
				l.origins[f.key] = Origin{Flag, "--" + f.flag}
			}
		}
	}
	if err := l.check(); err != nil {
		return &Error{err}
	}
	return nil
}

// nodeName is what stream names are made of.
var nodeName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$`)

func (l *Loader) check() (err error) {
	for _, f := range l.fields {
		if !f.within() {
			return f.complaint(f.text(), f.wants(), l.origin(f.key))
		}
	}
	c := l.config
	wrong := func(key, want string) error {
		f := l.fields[slices.IndexFunc(l.fields, func(f *field) bool { return f.key == key })]
		return f.complaint(f.text(), want, l.origin(key))
	}
	if c.Data == "" {
		return wrong("data", "a folder")
	}
	if _, port, err := net.SplitHostPort(c.Addr); err != nil {
		return wrong("addr", "HOST:PORT such as 127.0.0.1:8080")
	} else if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return wrong("addr", "a port from 0 to 65535")
	}
	if _, ok := c.ClockStart(); c.Clock != "" && !ok {
		return wrong("clock", "an instant such as 2026-03-01T09:00:00Z")
	}
	if c.Node == "" {
		c.Node = hostNode()
	}
	if !nodeName.MatchString(c.Node) {
		return wrong("node", "1 to 63 letters, digits, '.', '_' and '-', starting with a letter or digit")
	}
	if c.Limits.BatchRows < c.Limits.BatchCommands {
		return wrong("limits.batch_rows", fmt.Sprintf("at least limits.batch_commands, which is %d", c.Limits.BatchCommands))
	}
	if err := l.databaseURL(); err != nil {
		return err
	}
	c.SupplierCaps, err = supplierCaps(l.suppliers, c.Caps)
	if err != nil {
		return fmt.Errorf("%w (from %v)", err, Origin{File, l.file})
	}
	return nil
}

// hostNode is the host's name made fit for a node name.
func hostNode() string {
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	host = strings.Trim(regexp.MustCompile(`[^a-zA-Z0-9._-]+`).ReplaceAllString(host, "-"), "-._")
	return cmp.Or(host[:min(len(host), 63)], "node")
}

// databaseURL reads the URL from its file where one is named.
func (l *Loader) databaseURL() error {
	d := &l.config.Database
	from := l.origin("database.url_file")
	if d.URLFile != "" {
		if d.URL != "" {
			return fmt.Errorf("database.url (from %v) and database.url_file (from %v) are both set; want one", l.origin("database.url"), from)
		}
		text, err := readBounded(d.URLFile)
		if err != nil {
			return fmt.Errorf("database.url_file: %w (from %v)", err, from)
		}
		if d.URL = strings.TrimSpace(string(text)); d.URL == "" {
			return fmt.Errorf("database.url_file: %s is empty (from %v)", d.URLFile, from)
		}
		l.origins["database.url"] = Origin{File, d.URLFile}
	}
	if d.URL != "" && !strings.HasPrefix(d.URL, "postgres://") && !strings.HasPrefix(d.URL, "postgresql://") && !strings.Contains(d.URL, "=") {
		return fmt.Errorf("database.url is not an address of PostgreSQL, want postgres://USER@HOST:PORT/DATABASE (from %v)", l.origin("database.url"))
	}
	return nil
}

func (l *Loader) origin(key string) Origin {
	if o, ok := l.origins[key]; ok {
		return o
	}
	return Origin{Source: Default}
}

// IsDefault tells whether nobody has set the setting key.
func (l *Loader) IsDefault(key string) bool { return l.origin(key).Source == Default }

// Values are the effective settings in order, secrets masked.
func (l *Loader) Values() []Value {
	all := make([]Value, 0, len(l.fields))
	for _, f := range l.fields {
		v := Value{Key: f.key, Text: f.text(), Origin: l.origin(f.key), Help: f.help, Flag: "--" + f.flag, Env: f.env}
		if f.key == "config" {
			v.Text = l.file
		}
		if f.secret {
			v.Text = mask(v.Text)
		}
		all = append(all, v)
	}
	for id, caps := range l.config.SupplierCaps {
		for _, f := range fieldsOf(reflect.ValueOf(&caps).Elem(), supplierCapsKey+"."+id.Text("sup")+".", "") {
			all = append(all, Value{Key: f.key, Text: f.text(), Origin: Origin{File, l.file}, Help: f.help})
		}
	}
	slices.SortStableFunc(all[len(l.fields):], func(a, b Value) int { return strings.Compare(a.Key, b.Key) })
	return all
}

// Everywhere reports whether a flag of the command line is shown in the help of every command; flags that are no
// settings are.
func (l *Loader) Everywhere(flag string) bool {
	f, ours := l.byFlag[flag]
	return !ours || f.everywhere
}

// HelpOf adds to the help of a setting its bounds and its variable.
func (l *Loader) HelpOf(v *kong.Value) string {
	f, ours := l.byFlag[v.Name]
	if !ours {
		return v.Help
	}
	facts := f.env
	if f.min != "" || f.oneof != nil {
		facts = f.wants() + "; " + f.env
	}
	return v.Help + " (" + facts + ")"
}

// UnknownEnvironment lists variables that look like settings and are none, each with the one that was most likely meant
// ("" for none). Variables of tests are left out.
func (l *Loader) UnknownEnvironment() map[string]string {
	var known []string
	for _, f := range l.fields {
		known = append(known, f.env)
	}
	unknown := map[string]string{}
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "HOLDFAST_") && !slices.Contains(known, name) && !isTestVariable(name) {
			unknown[name] = closest(name, known)
		}
	}
	return unknown
}

// isTestVariable tells variables of the test suites (HOLDFAST_TEST_POSTGRES) from settings.
func isTestVariable(name string) bool { return strings.HasPrefix(name, "HOLDFAST_TEST_") }

var passwordWord = regexp.MustCompile(`(?i)(password\s*=\s*)('(?:[^'\\]|\\.)*'|\S+)`)

// mask takes the passwords out of a database address.
func mask(text string) string {
	if text == "" {
		return ""
	}
	if strings.Contains(text, "://") {
		address, err := url.Parse(text)
		if err != nil {
			return "(hidden)"
		}
		query := address.Query()
		for name := range query {
			if strings.Contains(strings.ToLower(name), "password") {
				query.Set(name, "xxxxx")
			}
		}
		address.RawQuery = query.Encode()
		return address.Redacted()
	}
	return passwordWord.ReplaceAllString(text, "${1}xxxxx")
}

// Message is the text of an error of kong or of this package for the operator: kong puts the flag before what a
// resolver says, which is complete already.
func Message(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Error()
	}
	return err.Error()
}
