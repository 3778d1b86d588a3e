package arch

import (
	"slices"
	"strings"
)

// layer is a rung of the ladder. Imports go down only.
type layer int

const (
	kernel   layer = iota + 1 // values every package shares
	plumbing                  // internal/*: no domain words
	rules                     // pure rules of the domain, no I/O
	service                   // the rooms of a service but for its engines and rpc
	adapter                   // engines of a service and its rpc
	edge                      // what the outside talks to; knows services by their interfaces alone
	wiring                    // internal/app: imports everything
	command                   // cmd/*
	proof                     // test/* and the suites of services: may import everything but commands; only tests import it
)

func (l layer) String() string {
	return [...]string{"?", "kernel", "plumbing", "rules", "service", "adapter", "edge", "wiring", "command", "test"}[l]
}

// folders registers every folder at the root that holds Go packages. A new vertical is one more line here and one in
// talksTo.
var folders = map[string]layer{
	"money": kernel, "civil": kernel, "fault": kernel, "event": kernel, "uid": kernel, "place": kernel,
	"internal": plumbing, // internal/app and internal/clock are told apart in place
	"stock":    rules, "offer": rules, "feed": rules,
	"reservation": service, "hotel": service, "flight": service, "rail": service, "payment": service,
	"identity": service, "profile": service, "notify": service,
	"gateway": edge, "rest": edge, "graphql": edge, "ui": edge,
	"demo": edge, // fills services through their interfaces, as an outside caller would
	"cmd":  command,
	"test": proof,
}

// talksTo says whose root package a service may import: the table of services in the design.
var talksTo = map[string][]string{
	"reservation": {"payment"},
	"hotel":       {"reservation"},
	"flight":      {"reservation"},
	"rail":        {"reservation"},
}

// nested are services that live inside another folder, which is of another rung. Their rooms are the folders below.
var nested = []string{"feed/intake"}

// adapters are the folders inside a service where drivers and protocols are.
var adapters = []string{"sqlite", "postgres", "kafka", "rabbitmq", "redis", "mongo", "elastic", "rpc"}

// drivers are modules that speak to an engine, by the start of their import path.
var drivers = []string{
	"github.com/jackc/pgx", "zombiezen.com/go/sqlite", "modernc.org/sqlite", "database/sql", "github.com/pressly/goose",
	"github.com/twmb/franz-go", "github.com/rabbitmq/amqp091-go", "github.com/redis/rueidis",
	"go.mongodb.org/mongo-driver", "github.com/elastic/go-elasticsearch", "github.com/opensearch-project/opensearch-go",
}

// driverPlumbing are the packages under internal/ that wrap a driver.
var driverPlumbing = []string{"sqlitedb", "pgdb", "migration", "bus", "queue", "outbox", "cache"}

// badNames say nothing about what is inside.
var badNames = []string{
	"util", "utils", "common", "helper", "helpers", "base", "manager", "misc", "shared", "types", "lib", "core",
}

// goroutines are the packages that may start one, with who owns it and what stops it. `go` anywhere else fails.
var goroutines = map[string]string{
	"identity":                "Core.Stop ends and awaits the watch of the token file",
	"reservation":             "desk.stop ends and awaits the lanes",
	"internal/lifecycle":      "stopWithin waits for the component, or the process ends",
	"test/engine/cmd/engines": "the wait for a child process, which ends with it",
}

// place is where a package stands.
type place struct {
	folder string // first element of its path; of a nested service its whole path
	layer  layer
	room   string // the element after that; empty for the root package of a folder
}

// locate finds the place of a package by its path inside the module; ok is false for a folder nobody registered.
func locate(path string) (place, bool) {
	parts := strings.Split(path, "/")
	p := place{folder: parts[0], layer: folders[parts[0]]}
	if len(parts) > 1 {
		p.room = parts[1]
	}
	name := p.folder
	for _, n := range nested {
		if inside, ok := strings.CutPrefix(path+"/", n+"/"); ok {
			room, _, _ := strings.Cut(inside, "/")
			p = place{folder: n, layer: service, room: room}
			name = n[strings.LastIndexByte(n, '/')+1:]
		}
	}
	switch {
	case path == "internal/app" || strings.HasPrefix(path, "internal/app/"):
		p.layer = wiring
	case path == "internal/clock", path == "internal/uid":
		p.layer = kernel
	case p.layer == service && p.room == name+"test":
		p.layer = proof
	case p.layer == service && slices.Contains(adapters, p.room):
		p.layer = adapter
	}
	return p, p.layer != 0
}

// mayImport tells whether a package at from may import one at to, both inside the module; why says what forbids it.
func mayImport(from, to place) (ok bool, why string) {
	own := from.folder == to.folder && from.folder != "internal"
	switch {
	case to.layer == proof:
		return from.layer == proof, "tests are imported by tests alone"
	case to.layer == command:
		return from.layer == command && own, "commands are imported by nobody"
	case from.layer == proof:
		return true, ""
	case from.layer == command:
		ok := own || to.layer == kernel || to.layer == plumbing || to.layer == wiring
		return ok, "a command parses and calls internal/app, which does the rest"
	case to.layer == wiring:
		return from.layer == wiring, "internal/app is imported by commands alone"
	case from.layer == wiring:
		return true, ""
	case from.layer == adapter:
		ok := own && (to.layer == service || from.room == to.room) || to.layer <= rules
		return ok, "an engine or rpc knows its own service and what is below it"
	case from.layer == service && to.layer == service && !own:
		ok := to.room == "" && slices.Contains(talksTo[from.folder], to.folder)
		return ok, "the services that talk to each other are listed in talksTo, and they do by root packages"
	case from.layer == edge && to.layer == service:
		return to.room == "", "the edge calls service interfaces: root packages"
	case to.layer == adapter:
		return false, "engines and rpc are wired by internal/app"
	case from.layer == service && to.layer == plumbing:
		ok := to.room != "sqlitedb" && to.room != "pgdb"
		return ok, "databases are opened by engines"
	case from.layer == rules && to.layer == plumbing:
		return false, "rules are pure"
	case from.layer == edge && to.layer == edge:
		return true, ""
	default:
		ok := to.layer < from.layer || to.layer == from.layer && (own || to.layer != service)
		return ok, "imports go down the ladder"
	}
}

// mayUseDriver tells whether a package may import a driver.
func mayUseDriver(p place) bool {
	switch p.layer {
	case adapter:
		return p.room != "rpc"
	case plumbing:
		return slices.Contains(driverPlumbing, p.room)
	case proof:
		return true
	case kernel, rules, service, edge, wiring, command:
		return false
	default:
		return false
	}
}

func isDriver(path string) bool {
	return slices.ContainsFunc(drivers, func(d string) bool { return path == d || strings.HasPrefix(path, d+"/") })
}
