package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"go.uber.org/goleak"

	"holdfast/uid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// load parses a command line as the binary does.
func load(t *testing.T, args ...string) (*Config, *Loader, error) {
	t.Helper()
	var cli struct {
		Config
		Serve struct{} `cmd:""`
	}
	l := NewLoader(&cli.Config)
	parser, err := kong.New(&cli, kong.Resolvers(l), kong.Exit(func(int) { t.Error("kong ended the process") }))
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := parser.Parse(append([]string{"serve"}, args...))
	if err == nil {
		err = l.Finish(ctx)
	}
	return &cli.Config, l, err
}

func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "holdfast.json")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func value(t *testing.T, l *Loader, key string) Value {
	t.Helper()
	for _, v := range l.Values() {
		if v.Key == key {
			return v
		}
	}
	t.Fatalf("no setting %s", key)
	return Value{}
}

func TestDefaultsAreEnough(t *testing.T) {
	c, l, err := load(t)
	if err != nil {
		t.Fatal(err)
	}
	if c.Addr != "127.0.0.1:8080" || c.Times.Hold != 15*time.Minute || c.Limits.Queue != 8192 || c.Caps.Extensions != 2 || !c.Embedded() || c.TestMode() {
		t.Errorf("got %+v", c)
	}
	if c.Node == "" {
		t.Error("the node has no name")
	}
	for _, v := range l.Values() {
		if v.Origin.Source != Default || v.Help == "" || v.Env == "" || !strings.HasPrefix(v.Flag, "--") {
			t.Errorf("%s: %+v", v.Key, v)
		}
	}
}

func TestLaterLayersWin(t *testing.T) {
	name := file(t, `{"limits": {"queue": 11, "lanes": 2, "batch_commands": 3}, "times": {"hold": "1m"}, "demo": true, "addr": "127.0.0.1:1"}`)
	t.Setenv("HOLDFAST_CONFIG", name)
	t.Setenv("HOLDFAST_LIMITS_QUEUE", "22")
	t.Setenv("HOLDFAST_LIMITS_LANES", "5")
	t.Setenv("HOLDFAST_CAPS_EXTENSIONS", "") // empty is not set
	c, l, err := load(t, "--limits-queue=33")
	if err != nil {
		t.Fatal(err)
	}
	if c.Limits.Queue != 33 || c.Limits.Lanes != 5 || c.Limits.BatchCommands != 3 || c.Times.Hold != time.Minute || !c.Demo || c.Caps.Extensions != 2 {
		t.Errorf("got %+v", c)
	}
	for key, want := range map[string]string{
		"limits.queue": "flag --limits-queue", "limits.lanes": "environment HOLDFAST_LIMITS_LANES",
		"limits.batch_commands": "file " + name, "caps.extensions": "default", "config": "environment HOLDFAST_CONFIG",
	} {
		if got := value(t, l, key).Origin.String(); got != want {
			t.Errorf("%s comes from %q, want %q", key, got, want)
		}
	}
	if got := value(t, l, "config").Text; got != name {
		t.Errorf("config is %q", got)
	}

	other := file(t, `{"limits": {"lanes": 7}}`)
	c, _, err = load(t, "--config", other) // the flag beats the variable for the file as well
	if err != nil || c.Limits.BatchCommands != 512 || c.Limits.Lanes != 5 {
		t.Errorf("got %+v, error %v", c.Limits, err)
	}
}

func TestWrongValuesStopTheStart(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		env  map[string]string
		args []string
		want string
	}{
		"environment": {env: map[string]string{"HOLDFAST_LIMITS_BATCH_COMMANDS": "0"}, want: `limits.batch_commands is 0, want 1 to 10000 (from environment HOLDFAST_LIMITS_BATCH_COMMANDS)`},
		"flag":        {args: []string{"--times-hold=48h"}, want: `times.hold is 48h0m0s, want 1s to 24h (from flag --times-hold)`},
		"file":        {file: `{"limits": {"queue": 0}}`, want: `limits.queue is 0, want 1 to 1000000 (from file FILE)`},

		"no number in environment": {env: map[string]string{"HOLDFAST_LIMITS_QUEUE": "many"}, want: `limits.queue is "many", want 1 to 1000000 (from environment HOLDFAST_LIMITS_QUEUE)`},
		"no number in file":        {file: `{"limits": {"queue": "12"}}`, want: `limits.queue is "12", want 1 to 1000000`},
		"no text in file":          {file: `{"times": {"hold": 15}}`, want: `times.hold is 15, want 1s to 24h`},
		"no switch in file":        {file: `{"demo": "yes"}`, want: `demo is "yes", want true or false`},
		"no number in flag":        {args: []string{"--limits-queue=many"}, want: `--limits-queue`},
		"unknown word":             {args: []string{"--log-level=loud"}, want: `log.level is "loud", want debug, info, warn or error (from flag --log-level)`},

		"unknown key":        {file: `{"limits": {"batch_command": 5}}`, want: `unknown setting "limits.batch_command"; did you mean "limits.batch_commands"?`},
		"key on wrong level": {file: `{"queue": 5}`, want: `unknown setting "queue"; did you mean "limits.queue"?`},
		"wrong case":         {file: `{"Addr": "x"}`, want: `unknown setting "Addr"; did you mean "addr"?`},
		"nonsense":           {file: `{"favourite_colour": "red"}`, want: "`holdfast config` lists all of them"},
		"key twice":          {file: `{"addr": "127.0.0.1:1", "addr": "127.0.0.1:2"}`, want: `field is there twice at /addr`},
		"config in config":   {file: `{"config": "x"}`, want: `unknown setting "config"`},
		"not JSON":           {file: `addr = 1`, want: `not proper JSON`},
		"a list":             {file: `[]`, want: `wrong kind of value`},
		"section as value":   {file: `{"limits": 5}`, want: `unknown setting "limits"`},

		"no file":      {args: []string{"--config=/nonexistent/holdfast.json"}, want: `/nonexistent/holdfast.json`},
		"address":      {args: []string{"--addr=8080"}, want: `addr is "8080", want HOST:PORT such as 127.0.0.1:8080 (from flag --addr)`},
		"port":         {args: []string{"--addr=:99999"}, want: `a port from 0 to 65535`},
		"clock":        {args: []string{"--clock=tomorrow"}, want: `clock is "tomorrow", want an instant`},
		"node":         {args: []string{"--node=a/b"}, want: `node is "a/b", want`},
		"rows":         {args: []string{"--limits-batch-rows=100"}, want: `at least limits.batch_commands, which is 512`},
		"both urls":    {args: []string{"--database-url=postgres://x", "--database-url-file=y"}, want: `are both set`},
		"url":          {args: []string{"--database-url=mysql"}, want: `database.url is not an address of PostgreSQL`},
		"no url file":  {args: []string{"--database-url-file=/nonexistent/url"}, want: `/nonexistent/url`},
		"no folder":    {args: []string{"--data="}, want: `data is "", want a folder`},
		"caps: id":     {file: `{"caps": {"suppliers": {"acme": {}}}}`, want: `"acme" is not a sup_ id`},
		"caps: key":    {file: `{"caps": {"suppliers": {"SUP": {"unit_per_item": 1}}}}`, want: `did you mean "caps.suppliers.SUP.units_per_item"?`},
		"caps: bound":  {file: `{"caps": {"suppliers": {"SUP": {"units_per_item": 0}}}}`, want: `caps.suppliers.SUP.units_per_item is 0, want 1 to 10000`},
		"caps: object": {file: `{"caps": {"suppliers": {"SUP": 5}}}`, want: `wrong kind of value`},
		"unknown flag": {args: []string{"--limits-queues=5"}, want: `unknown flag --limits-queues`},
	} {
		t.Run(name, func(t *testing.T) {
			args := c.args
			want := strings.ReplaceAll(c.want, "SUP", uid.ID{1}.Text("sup"))
			if c.file != "" {
				name := file(t, strings.ReplaceAll(c.file, "SUP", uid.ID{1}.Text("sup")))
				want = strings.ReplaceAll(want, "FILE", name)
				args = append(args, "--config", name)
			}
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			_, _, err := load(t, args...)
			if err == nil || !strings.Contains(Message(err), want) {
				t.Errorf("got %v\nwant %s", err, want)
			}
		})
	}
}

func TestSecretsComeFromFilesAndAreNotShown(t *testing.T) {
	name := file(t, "postgres://ada:geheim@db.example:5432/holdfast?sslpassword=geheim2&sslmode=require\n")
	c, l, err := load(t, "--database-url-file", name)
	if err != nil || c.Embedded() || !strings.HasPrefix(c.Database.URL, "postgres://ada:geheim@") || strings.HasSuffix(c.Database.URL, "\n") {
		t.Fatalf("got %+v, error %v", c.Database, err)
	}
	v := value(t, l, "database.url")
	if strings.Contains(v.Text, "geheim") || !strings.Contains(v.Text, "db.example:5432") || v.Origin != (Origin{File, name}) {
		t.Errorf("shown as %+v", v)
	}
	for in, want := range map[string]string{
		"host=db user=ada password=geheim dbname=x": "host=db user=ada password=xxxxx dbname=x",
		`host=db password = 'ge\'heim x' dbname=x`:  `host=db password = xxxxx dbname=x`,
		"postgres://ada:ge%zzheim@db/x":             "(hidden)",
		"":                                          "",
		"postgres://ada@db/x":                       "postgres://ada@db/x",
		"host=db sslpassword=geheim PASSWORD=geheim user=a": "host=db sslpassword=xxxxx PASSWORD=xxxxx user=a",
	} {
		if got := mask(in); got != want {
			t.Errorf("%s is shown as %s, want %s", in, got, want)
		}
	}
	t.Setenv("HOLDFAST_DATABASE_URL", "geheim")
	if _, _, err := load(t); err == nil || strings.Contains(err.Error(), "geheim") {
		t.Errorf("got %v, want an error without the value", err)
	}
}

func TestSupplierCaps(t *testing.T) {
	id := uid.ID{7}
	c, l, err := load(t, "--caps-holds-per-pool=9", "--config", file(t, `{"caps": {"extensions": 4, "suppliers": {"`+id.Text("sup")+`": {"units_per_item": 99, "lapse_window": "2h"}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := c.Caps
	want.UnitsPerItem, want.LapseWindow = 99, 2*time.Hour
	if got := c.SupplierCaps[id]; got != want || got.HoldsPerPool != 9 || got.Extensions != 4 || c.Caps.UnitsPerItem != 30 {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if v := value(t, l, "caps.suppliers."+id.Text("sup")+".units_per_item"); v.Text != "99" || v.Origin.Source != File {
		t.Errorf("shown as %+v", v)
	}
}

func TestClock(t *testing.T) {
	c, _, err := load(t, "--clock=2013-06-01T00:00:00Z")
	if at, ok := c.ClockStart(); err != nil || !c.TestMode() || !ok || !at.Equal(time.Date(2013, 6, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("got %v, error %v", at, err)
	}
	c, _, err = load(t, "--test-mode")
	if _, ok := c.ClockStart(); err != nil || !c.TestMode() || ok {
		t.Errorf("test mode without a clock: %+v, error %v", c, err)
	}
}

func TestUnknownVariables(t *testing.T) {
	t.Setenv("HOLDFAST_LIMIT_QUEUE", "1")
	t.Setenv("HOLDFAST_FAVOURITE_COLOUR", "red")
	t.Setenv("HOLDFAST_TEST_POSTGRES", "x")
	t.Setenv("HOLDFAST_TEST_MODE", "false")
	_, l, err := load(t)
	if err != nil {
		t.Fatal(err)
	}
	got := l.UnknownEnvironment()
	if len(got) != 2 || got["HOLDFAST_LIMIT_QUEUE"] != "HOLDFAST_LIMITS_QUEUE" || got["HOLDFAST_FAVOURITE_COLOUR"] != "" {
		t.Errorf("got %v", got)
	}
}
