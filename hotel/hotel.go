package hotel

import (
	"time"

	"holdfast/civil"
	"holdfast/money"
	"holdfast/offer"
	"holdfast/stock"
	"holdfast/uid"
)

// Status says whether something can be sold.
type Status uint8

// The states.
const (
	Preparing Status = iota + 1 // its stock does not exist yet; seen by staff only
	Active
	Retired // deleted; kept for the reservations that name it
)

var statusText = [...]string{Preparing: "preparing", Active: "active", Retired: "retired"}

// String is the word the API uses.
func (s Status) String() string { return statusText[s] }

// Hotel is a house.
type Hotel struct {
	ID            uid.ID // htl_
	Supplier      uid.ID // sup_
	Name          string
	Stars         int // 0 (not classified) to 5
	Address       string
	PostalCode    string
	City          string
	Country       string // ISO 3166-1 alpha-2
	Latitude      float64
	Longitude     float64
	TimeZone      string // IANA; "today" and "past" are meant here
	Currency      money.Currency
	Amenities     []string // snake_case words
	CheckInFrom   string   // HH:MM local
	CheckOutUntil string   // HH:MM local
	OverbookingBP int32    // of room types that do not say otherwise
	Capacity      *int32   // rooms of the whole house when they cap the room types together; nil: no such cap
	CapPool       stock.PoolID
	Levies        []Levy
	ExternalRef   string // identity in an imported file, unique per supplier; "" for none
	Status        Status
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Levy is a tax or fee on a stay. Exactly one of the rules is used, by Rule.
type Levy struct {
	Kind     offer.PartKind `json:"kind"`
	Code     string         `json:"code"` // snake_case, at most offer.MaxPartCode characters
	Rule     LevyRule       `json:"rule"`
	BP       int32          `json:"bp,omitempty"`       // PercentOfBase: share of the base price in 1/10,000
	Minor    int64          `json:"minor,omitempty"`    // the other rules: minor units of the hotel's currency
	Included bool           `json:"included,omitempty"` // already in the base price: shown, not added
}

// LevyRule says what a levy is counted by.
type LevyRule uint8

// The rules.
const (
	PercentOfBase LevyRule = iota + 1
	PerRoomNight
	PerPersonNight // adults and children
	PerAdultNight
	PerStay // once a room
)

// RoomType is what is sold.
type RoomType struct {
	ID            uid.ID // rt_
	Hotel         uid.ID
	Name          string
	Occupancy     Occupancy
	BasePrice     int64 // of a night without a rate of its own, minor units of the hotel's currency
	Capacity      int32 // rooms of the type, those out of order included; nights may differ (inventory)
	OverbookingBP *int32
	Pool          stock.PoolID
	Rates         Line[int64] // price of nights that have their own, minor units
	Restrictions  Line[Restriction]
	Status        Status
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Occupancy is how many people a room of the type takes.
type Occupancy struct {
	Adults   int `json:"adults"`
	Children int `json:"children"`
}

// Restriction is what a night demands, packed into bits: 0-7 min stay (0 none), 8-15 max stay (0 none), 16 closed to
// arrival, 17 closed to departure. Min and max stay count for stays that arrive on the night.
type Restriction uint32

// The bits of a Restriction.
const (
	minStayShift                     = 0
	maxStayShift                     = 8
	stayMask                         = 0xff
	ClosedToArrival      Restriction = 1 << 16
	ClosedToDeparture    Restriction = 1 << 17
	MaxStayNights                    = 180 // the longest stay that can be booked or demanded
	MaxPriceMinor                    = 1<<32 - 1
	MaxRoomTypesPerHotel             = 200
)

// MinStay is the fewest nights a stay arriving here may have; 0 for no rule.
func (r Restriction) MinStay() int { return int(r >> minStayShift & stayMask) }

// MaxStay is the most nights a stay arriving here may have; 0 for no rule.
func (r Restriction) MaxStay() int { return int(r >> maxStayShift & stayMask) }

// WithMinStay returns the restriction with another min stay; 0 takes it away.
func (r Restriction) WithMinStay(n int) Restriction {
	return r&^(stayMask<<minStayShift) | Restriction(n)&stayMask<<minStayShift
}

// WithMaxStay returns the restriction with another max stay; 0 takes it away.
func (r Restriction) WithMaxStay(n int) Restriction {
	return r&^(stayMask<<maxStayShift) | Restriction(n)&stayMask<<maxStayShift
}

// Room is a numbered room; it is assigned at check-in, never sold.
type Room struct {
	ID         uid.ID // rm_
	Hotel      uid.ID
	RoomType   uid.ID
	Number     string // unique in the hotel
	OutOfOrder []Outage
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Outage takes a room off sale for the nights [From, To).
type Outage struct {
	From   civil.Date `json:"from"`
	To     civil.Date `json:"to"`
	Reason string     `json:"reason"`
}

// RatePlan is a set of conditions and the rule that derives its price from the base price of the night. Changing one
// makes a new version; offers name the version.
type RatePlan struct {
	ID        uid.ID // rp_; stays the same over versions
	Version   uid.ID // immutable version; what offers carry
	Hotel     uid.ID
	Name      string
	Board     Board
	PercentBP int32 // of the base price: 10,000 is the base price itself
	Amount    int64 // then added per room and night, may be negative; minor units
	// Supplements per night, minor units: for each adult beyond IncludedAdults, and for each child by age.
	IncludedAdults int
	ExtraAdult     int64
	ChildBands     []ChildBand            // ascending UpToAge; an older child counts as an adult
	FreeUntilHours int32                  // cancelling is free until so many hours before check-in; -1: never
	FeeBP          int32                  // from then on, the share of the total that is kept
	Overrides      map[uid.ID]Line[int64] // room type -> explicit price of a night, instead of the rule's
	RoomTypes      []uid.ID               // sold with these; empty: all
	Status         Status
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// ChildBand is the supplement for a child up to and including an age.
type ChildBand struct {
	UpToAge int   `json:"up_to_age"`
	Minor   int64 `json:"minor"`
}

// Board is which meals are in the price.
type Board uint8

// The boards.
const (
	RoomOnly Board = iota + 1
	Breakfast
	HalfBoard
	FullBoard
	AllInclusive
)

var boardText = [...]string{RoomOnly: "room_only", Breakfast: "breakfast", HalfBoard: "half_board", FullBoard: "full_board", AllInclusive: "all_inclusive"}

// String is the word the API uses.
func (b Board) String() string { return boardText[b] }

// House is a hotel with everything in it. It is immutable once published; a change publishes a new one.
type House struct {
	Hotel    Hotel
	Types    []RoomType // by creation
	Rooms    []Room     // by number
	Plans    []RatePlan // current versions, by creation; never empty: a hotel is born with a flexible plan
	Revision int64      // of the whole house; every write adds one. ETags show it
	NightsTo civil.Date // the nights before it have stock, in all pools of the house; the roll-forward moves it on
}

// Type finds a room type by id; nil if there is none.
func (h *House) Type(id uid.ID) *RoomType {
	for i := range h.Types {
		if h.Types[i].ID == id {
			return &h.Types[i]
		}
	}
	return nil
}

// Plan finds a rate plan by id; nil if there is none.
func (h *House) Plan(id uid.ID) *RatePlan {
	for i := range h.Plans {
		if h.Plans[i].ID == id {
			return &h.Plans[i]
		}
	}
	return nil
}
