package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/demo"
	"holdfast/feed/intake"
	"holdfast/identity"
	"holdfast/internal/admin"
	"holdfast/internal/config"
	"holdfast/internal/lifecycle"
	"holdfast/rest"
)

// ServeOptions are what Serve needs beside the configuration.
type ServeOptions struct {
	Migrate bool      // bring PostgreSQL to this binary's version first; embedded stores always are
	Out     io.Writer // for people: progress of the demo, and where the server is once it is ready
	Log     *slog.Logger
	// Ready, when set, is called with the base URL once the server takes requests.
	Ready func(url string)
}

// server is a system that answers HTTP.
type server struct {
	*system
	options  ServeOptions
	tokens   []identity.Token // of the demo
	world    *demoWorld
	listener net.Listener
	http     *http.Server
	serving  sync.WaitGroup
	admin    *admin.Server
	url      string
	stopping atomic.Bool
}

// Serve runs all services in this process until a signal or the end of ctx, then drains and returns nil; or it returns
// what failed.
func Serve(ctx context.Context, c *config.Config, options ServeOptions) error {
	s := &server{system: newSystem(c, options.Log), options: options}
	modules := s.modules(c.Embedded() || options.Migrate, func() (_ []identity.Token, err error) {
		s.tokens, err = s.demoTokens()
		return s.tokens, err
	})
	// The address first, for it is what is wrong most often; but after the data folder, whose refusal says more.
	address := lifecycle.Component{Name: "address", Start: s.listen, Stop: func(context.Context) error {
		_ = s.listener.Close() // http has closed it already, unless it never started
		return nil
	}}
	modules = slices.Insert(modules, slices.IndexFunc(modules, func(c lifecycle.Component) bool { return c.Name == storesModule }), address)
	s.world = &demoWorld{system: s.system}
	if c.Demo {
		modules = append(modules, s.world.module(options.Out))
	}
	modules = append(modules, lifecycle.Component{
		Name: "feeds", Start: func(ctx context.Context, _ func(error)) error {
			settings := intake.DefaultSettings()
			settings.AllowPrivate, settings.Share = c.Feeds.AllowPrivate, float64(c.Feeds.Share)/100
			s.feeds = intake.New(intake.Deps{Store: s.stores.feeds, Formats: s.intakeFormats(), Clock: s.clock, Settings: settings, Logger: s.log})
			return s.feeds.Start(ctx)
		}, Stop: func(ctx context.Context) error { return s.feeds.Stop(ctx) },
	})
	if s.adminFolder() != "" {
		modules = append(modules, lifecycle.Component{
			Name: "admin socket",
			Start: func(_ context.Context, fail func(error)) (err error) {
				s.admin, err = admin.Listen(s.adminFolder(), s.jobs(), s.log, fail)
				return err
			},
			Stop: func(ctx context.Context) error { return s.admin.Stop(ctx) },
		})
	}
	if c.Audit.Every > 0 {
		modules = append(modules, s.auditModule())
	}
	modules = append(modules, lifecycle.Component{Name: "http", Start: s.answer, Stop: s.drain})
	collectLess()
	return lifecycle.Run(ctx, lifecycle.Options{Drain: c.Times.Drain + c.Times.Notice, Signals: lifecycle.Signals(), Log: s.log}, modules...)
}

// heapGrowth is by how many hundredths the heap may grow before it is collected. A server's heap is mostly the view, which
// lives long, and every answer is garbage: at Go's usual 100 collecting took a sixth of the processor under load.
const heapGrowth = 400

// collectLess lets the garbage collector run less often, unless the environment says what it should do.
func collectLess() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(heapGrowth)
	}
}

// adminFolder is where the admin socket is; "" for none.
func (s *system) adminFolder() string {
	if s.config.Admin != "" || !s.config.Embedded() {
		return s.config.Admin
	}
	return s.config.Data
}

// listen takes the address. Who connects from now on waits until answer.
func (s *server) listen(ctx context.Context, _ func(error)) (err error) {
	var config net.ListenConfig
	if s.listener, err = config.Listen(ctx, "tcp", s.config.Addr); err != nil {
		return err
	}
	s.url = baseURL(s.listener.Addr())
	if s.folder != nil {
		if err := s.folder.SetAddress(s.listener.Addr().String()); err != nil {
			return errors.Join(err, s.listener.Close())
		}
	}
	return nil
}

// baseURL is how this machine reaches the address.
func baseURL(a net.Addr) string {
	if tcp, ok := a.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("http://localhost:%d", tcp.Port)
	}
	return "http://" + a.String()
}

// answer takes requests.
func (s *server) answer(_ context.Context, fail func(error)) error {
	handler := rest.New(rest.Deps{ //nolint:contextcheck // each request brings its own
		Identity: s.identity, Hotels: s.hotel, Rail: s.rail, Flights: s.flight, Feeds: s.feeds, Reservations: s.reservation, Payments: s.payment,
		Clock: s.clock, SandboxClock: s.manual, ClockMoved: s.world.clockMoved, Logger: s.log, Registry: s.registry, Ready: s.ready, Version: s.build.Version,
		Limits: rest.Limits{
			Rate: float64(s.config.Limits.Rate), Burst: s.config.Limits.Burst, Subjects: s.config.Limits.Subjects, BodyBytes: s.config.Limits.BodyBytes,
			Reads: s.config.Limits.Reads, Writes: s.config.Limits.Writes, Staff: s.config.Limits.Staff, Batch: s.config.Limits.BatchCommands, Wait: s.config.Times.Wait,
		},
	})
	s.http = rest.NewServer(s.config.Addr, handler, s.log)
	bounded := rest.Bound(s.listener, s.config.Limits.Connections, s.registry)
	s.serving.Go(func() {
		if err := s.http.Serve(bounded); !errors.Is(err, http.ErrServerClosed) {
			fail(err)
		}
	})
	s.greet()
	if s.options.Ready != nil {
		s.options.Ready(s.url)
	}
	return nil
}

// errStopping is what /readyz answers while the server drains.
var errStopping = errors.New("stopping")

// ready tells whether requests should come here: the server is not stopping and the database answers.
func (s *server) ready(ctx context.Context) error {
	if s.stopping.Load() {
		return errStopping
	}
	_, err := s.stores.reservation.Streams(ctx)
	return err
}

// drain says that it is stopping, takes requests for a while yet, then finishes those under way.
func (s *server) drain(ctx context.Context) error {
	s.stopping.Store(true)
	notice := time.NewTimer(s.config.Times.Notice)
	defer notice.Stop()
	select {
	case <-notice.C:
	case <-ctx.Done():
	}
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close()) // cuts off what is left
	}
	s.serving.Wait()
	return err
}

// whoIs says in a word what a token of the demo is good for.
func whoIs(t identity.Token) string {
	switch {
	case t.Supplier != "" && t.Supplier != "*":
		return "staff of one supplier: what it sells, its prices and reservations"
	case slices.Contains(t.Scopes, identity.StaffAll):
		return "the operator: everything"
	}
	return "a traveller: search, reserve, pay"
}

// greet tells people where the server is and what to try.
func (s *server) greet() {
	out := s.options.Out
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	where := "PostgreSQL"
	if s.folder != nil {
		where, _ = filepath.Abs(s.folder.Dir())
	}
	say("")
	say("Holdfast %s is ready.", s.build.Version)
	say("  address  %s", s.url)
	say("  docs     %s/docs", s.url)
	say("  data     %s", where)
	say("  mode     %v", s.mode())
	if s.manual != nil {
		say("  clock    %s (POST /v1/sandbox/clock moves it)", s.clock.Now().Format(time.RFC3339))
	}
	if len(s.tokens) == 0 {
		if s.config.Token == "" {
			say("\nThere are no tokens, so only public calls work: name a file with --tokens, or start with --demo.")
		}
		return
	}
	say("\nTokens of the demo, for the header Authorization: Bearer ...")
	for _, t := range s.tokens {
		say("  %-20s %s", t.Token, whoIs(t))
	}
	if s.otherWorld {
		say("\nThe store has hotels of its own, so the demo world was left out; the tokens work on those.")
		return
	}
	checkIn := s.clock.Now().UTC().AddDate(0, 0, 14)
	say("\nTry:\n%s", demo.Example(s.url, s.tokens[0].Token, checkIn))
}
