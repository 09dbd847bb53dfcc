# A charge on a kernel bus: the console in one process, the simulated pack and charger in another,
# candump as the witness. What counts is what stands on the wire and when, by candump's stamps. Part
# of guest.sh.
# shellcheck shell=bash

COMMAND=1806E5F4
# What zero volts, zero amperes, stop looks like on the wire.
STOP_BYTES=0000000001000000

# moment: now, as candump stamps frames.
moment() { date +%s.%N; }
# after A B: A - B in milliseconds.
after() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%d", (a - b) * 1000 }'; }
# frames ID FROM TO: stamp and bytes of the frames with the id between two moments.
frames() {
    awk -v id="$1" -v from="$2" -v to="${3:-9999999999}" '{
        stamp = substr($1, 2, length($1) - 2); split($3, part, "#")
        if (part[1] == id && stamp >= from && stamp <= to) print stamp, part[2]
    }' "$wire"
}
# gives FROM TO: commands that ask for any current.
gives() { frames "$COMMAND" "$@" | awk 'substr($2, 5, 4) != "0000" && substr($2, 9, 2) == "00"'; }
# stops FROM TO: explicit stops.
stops() { frames "$COMMAND" "$@" | awk -v stop="$STOP_BYTES" '$2 == stop'; }
first() { head -n 1 | cut -d' ' -f1; }
last() { tail -n 1 | cut -d' ' -f1; }

# within WHAT FROM LIMIT STAMP: the stamp is there and at most so many milliseconds after FROM.
within() {
    local took
    if [ -z "$4" ]; then
        bad "$1: never"
        return 1
    fi
    took=$(after "$4" "$2")
    if [ "$took" -le "$3" ]; then
        good "$1 after $took ms (limit $3 ms)"
    else
        bad "$1 only after $took ms, the limit is $3 ms"
        return 1
    fi
}
# nothing_given WHAT FROM: no command above zero from then on.
nothing_given() {
    local later
    later=$(gives "$2")
    if [ -z "$later" ]; then
        good "$1: no command above zero afterwards"
    else
        bad "$1: commands above zero afterwards: $(head -n 3 <<<"$later" | tr '\n' ';')"
    fi
}

charge_says() { timeout 20 "$BUSBAR" --data-dir "$folder" charge status --format json 2>/dev/null; }
# What is said is taken whole: a reader that leaves early would make the teller fail.
is_in() { grep -qE "\"state\": *\"($1)\"" <<<"$(charge_says)"; }
answers() { grep -q '"state"' <<<"$(charge_says)"; }
flows() { [ -n "$(gives "$1")" ] && is_in 'constant_current|taper|balance_hold'; }

start_bench() {
    timeout 600 "$BUSBAR" simulate --scene "$checkout/tests/vcan/bench.toml" --bus socketcan:vcan1 \
        >"$OUT/bench.out" 2>"$OUT/bench.err" </dev/null &
    bench=$!
}
start_console() {
    timeout 600 "$BUSBAR" --data-dir "$folder" serve --profile "$checkout/tests/vcan/charge.toml" \
        --listen 127.0.0.1:0 >"$OUT/console.out" 2>"$OUT/console.err" </dev/null &
    # The console itself, not the clock beside it: it is what is killed below.
    wait_for 60 answers || { cat "$OUT/console.err"; bad "the console does not answer"; return 1; }
    console=$(pgrep -n -f "^$BUSBAR --data-dir $folder serve")
}
end_console() {
    kill -TERM "$console" 2>/dev/null
    wait_for 20 dead "$console" || kill -KILL "$console" 2>/dev/null
}

# charging NAME: bench and console up, and a charge that has been giving current for three seconds.
charging() {
    folder=$(mktemp -d)
    wire=$OUT/charge-$1.candump
    ip link set vcan1 up
    # It stays when the interface goes down.
    candump -D -L vcan1 >"$wire" &
    witness=$!
    start_bench
    start_console || return 1
    local asked said try
    wait_for 30 ready || true
    # A machine that is too slow for the guards is refused, as it should be; a person asks again.
    for try in 1 2 3; do
        asked=$(moment)
        said=$(timeout 30 "$BUSBAR" --data-dir "$folder" charge start "Bench pack" \
            --charger Charger --current 6 --yes 2>&1) || {
            bad "charge start: $said"
            charge_says
            return 1
        }
        sleep 2
        if wait_for 60 begins_or_ends "$asked" && flows "$asked"; then
            within "$1: a charge runs, first current on the wire" "$asked" 30000 "$(gives "$asked" | first)"
            sleep 3
            return
        fi
        charge_says
        grep -q '"ended": *"Not started' <<<"$(charge_says)" || break
        echo "start $try did not come about"
    done
    bad "$1: no charge came about"
    return 1
}
begins_or_ends() { flows "$1" || is_in 'done|fault'; }
# ready: everything was heard and the bus listened to, and the last stops of the console before, which its
# watchdog sends for a second after the end, are so old that nobody takes them for a second master (five
# seconds).
ready() {
    answers && [ "$(wc -l <"$wire")" -ge 150 ] || return 1
    local heard
    heard=$(frames "$COMMAND" 0 | last)
    [ -z "$heard" ] || [ "$(after "$(moment)" "$heard")" -ge 6000 ]
}
cleared_away() {
    end_console
    stop "$bench"
    stop "$witness"
    ip link set vcan1 up
    rm -rf "$folder"
}

a_person_stops_it() {
    charging stop && {
        local at run
        at=$(moment)
        timeout 20 "$BUSBAR" --data-dir "$folder" charge stop >"$OUT/stop.out" 2>&1 || bad "charge stop: $(cat "$OUT/stop.out")"
        sleep 12
        # Starting the command takes its time too.
        within "the first stop on the wire" "$at" 1500 "$(stops "$at" | first)"
        nothing_given "stopped by a person" "$(stops "$at" | first)"
        local count
        count=$(stops "$at" | wc -l)
        [ "$count" -ge 5 ] && good "$count stops were sent" || bad "only $count stops were sent"
        # Byte 1 of 0x6F7 is the state: 1 is idle; the contactors open after the current is gone.
        run=$(frames 6F7 "$at" | awk 'substr($2, 3, 2) != "04" { print $1; exit }')
        within "the contactors opened" "$at" 11000 "$run"
        local amps
        amps=$(frames 18FF50E5 "$at" "$run" | tail -n 1 | awk '{ print substr($2, 5, 4) }')
        [ "$((16#${amps:-FFFF}))" -le 5 ] && good "they opened at $((16#$amps)) tenths of an ampere" || bad "they opened under load: 0x$amps"
        is_in 'idle|done' || bad "the state after it is $(charge_says)"
        grep -q '"ended": *"Stopped from the command line"' <<<"$(charge_says)" &&
            good "the status says how it ended" || bad "how it ended is not said: $(charge_says)"
    }
    cleared_away
}

the_interface_goes_down() {
    charging down && {
        local back
        ip link set vcan1 down
        sleep 6
        ip link set vcan1 up
        back=$(moment)
        sleep 8
        nothing_given "the interface was down and is back" "$back"
        # What nobody could hear is told once somebody can.
        within "the first stop on the wire after it is back" "$back" 2500 "$(stops "$back" | first)"
        is_in 'fault|idle|done' && good "the charge has ended" || bad "the state after it is $(charge_says)"
    }
    cleared_away
}

the_console_is_killed() {
    charging kill && {
        local at
        at=$(moment)
        kill -KILL "$console"
        sleep 9
        within "the last command above zero" "$at" 200 "$( (gives "$at"; echo "$at -") | last)"
        within "the watchdog's first stop" "$at" 3000 "$(stops "$at" | first)"
        # The Elcon's own five seconds, measured: bit 4 of its status. The watchdog's stops are
        # commands too, so they count from the last of these.
        local quiet
        quiet=$( (stops "$at"; echo "$at -") | sort | last)
        within "the charger's own time-out" "$quiet" 6500 \
            "$(frames 18FF50E5 "$quiet" | awk 'substr($2, 10, 1) ~ /[08]/ && substr($2, 9, 1) ~ /[13579BDF]/ { print $1; exit }')"
    }
    cleared_away
}

the_console_hangs() {
    charging hang && {
        local at
        at=$(moment)
        kill -STOP "$console"
        sleep 6
        within "the last command above zero" "$at" 200 "$( (gives "$at"; echo "$at -") | sort | last)"
        within "the watchdog's first stop" "$at" 3000 "$(stops "$at" | first)"
        local back
        back=$(moment)
        kill -CONT "$console"
        sleep 5
        nothing_given "the console goes on" "$back"
        is_in 'fault|idle|done' && good "the charge has ended" || bad "the state after it is $(charge_says)"
    }
    cleared_away
}

the_console_is_ended_politely() {
    charging term && {
        local at
        at=$(moment)
        kill -TERM "$console"
        wait_for 20 dead "$console" || bad "it does not end"
        sleep 1
        within "the first stop on the wire" "$at" 500 "$(stops "$at" | first)"
        nothing_given "ended politely" "$(stops "$at" | first)"
    }
    cleared_away
}

the_devices_fall_silent() {
    charging silent && {
        local at
        pkill -STOP -f "simulate --scene $checkout/tests/vcan/bench.toml"
        at=$(frames 6FA 0 | last)
        sleep 9
        pkill -CONT -f "simulate --scene $checkout/tests/vcan/bench.toml"
        within "the last command above zero" "$at" 1300 "$( (gives "$at"; echo "$at -") | sort | last)"
        within "the first stop on the wire" "$at" 3500 "$(stops "$at" | first)"
        local back
        back=$(moment)
        sleep 4
        nothing_given "the devices came back" "$back"
        is_in fault && good "the fault is latched" || bad "the state after it is $(charge_says)"
    }
    cleared_away
}

a_second_master_speaks() {
    charging second && {
        local at
        at=$(moment)
        cansend vcan1 "$COMMAND#0320003200000000"
        sleep 10
        local own
        # The stranger's own frame stands in the log too: the first after it count.
        own=$(stops "$at" | first)
        within "the first stop on the wire" "$at" 1000 "$own"
        nothing_given "a second master spoke" "$own"
        is_in fault && good "the fault is latched" || bad "the state after it is $(charge_says)"
    }
    cleared_away
}

# A console of somebody else's, with a folder of its own, on the same bus.
# It is given what the first one leaves: on an emulated processor its start would take the first one's heartbeat.
start_other() {
    other=$(mktemp -d)
    timeout 600 nice -n 10 "$BUSBAR" --data-dir "$other" serve --profile "$checkout/tests/vcan/charge.toml" \
        --listen 127.0.0.1:0 >"$OUT/other.out" 2>"$OUT/other.err" </dev/null &
    wait_for 60 other_answers || bad "the other console does not answer"
    # It has to hear everything before it can be asked.
    sleep 4
}
other_answers() {
    grep -q '"state"' <<<"$(timeout 20 nice -n 10 "$BUSBAR" --data-dir "$other" charge status --format json 2>/dev/null)"
}
other_is_in() {
    grep -qE "\"state\": *\"($1)\"" \
        <<<"$(timeout 20 "$BUSBAR" --data-dir "$other" charge status --format json 2>/dev/null)"
}
other_starts() {
    timeout 30 "$BUSBAR" --data-dir "$other" charge start "Bench pack" --charger Charger --current 6 --yes 2>&1
}
end_other() {
    pkill -TERM -f "^$BUSBAR --data-dir $other serve"
    rm -rf "$other"
}

a_second_console_is_refused() {
    charging two && {
        local said at
        start_other
        at=$(moment)
        if said=$(other_starts); then
            bad "the second console took the charge up"
        elif grep -q 'Second master' <<<"$said"; then
            good "the second console refuses: another one commands the charger"
        else
            bad "the second console refuses for another reason: $said"
        fi
        sleep 3
        flows "$at" && good "the first one goes on" || bad "the first one is disturbed: $(charge_says)"
        end_other
    }
    cleared_away
}

# Both are asked in the same moment. Where neither has heard the other in time, each hears the other
# command and both stop; where one was a little quicker, the other one refuses. Never do both charge.
two_consoles_start_at_once() {
    charging race && {
        local at from
        timeout 20 "$BUSBAR" --data-dir "$folder" charge stop >/dev/null 2>&1
        sleep 12
        timeout 20 "$BUSBAR" --data-dir "$folder" charge clear >/dev/null 2>&1
        start_other
        at=$(moment)
        other_starts >"$OUT/race.out" 2>&1 &
        timeout 30 "$BUSBAR" --data-dir "$folder" charge start "Bench pack" --charger Charger \
            --current 6 --yes >>"$OUT/race.out" 2>&1
        wait $! || true
        sleep 16
        from=$(awk -v at="$at" 'BEGIN { printf "%f", at + 8 }')
        local first=no second=no
        is_in 'constant_current|taper' && first=yes
        other_is_in 'constant_current|taper' && second=yes
        case $first,$second in
        yes,yes) bad "both consoles charge" ;;
        no,no) nothing_given "two consoles that start at once" "$from" ;;
        *) good "of two consoles that start at once one charges and the other one does not" ;;
        esac
        end_other
    }
    cleared_away
}

step "a charge on vcan1: stopped by a person"
a_person_stops_it
step "a charge on vcan1: the devices fall silent"
the_devices_fall_silent
step "a charge on vcan1: the interface goes down"
the_interface_goes_down
step "a charge on vcan1: the console is killed"
the_console_is_killed
step "a charge on vcan1: the console hangs"
the_console_hangs
step "a charge on vcan1: the console is ended"
the_console_is_ended_politely
step "a charge on vcan1: a second master"
a_second_master_speaks
step "a charge on vcan1: a second console"
a_second_console_is_refused
two_consoles_start_at_once
