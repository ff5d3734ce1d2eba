#!/usr/bin/env bash
# kafka.sh installed | fetch | up | restart | down [--purge] | status | url | read [options of kafka-console-consumer]
#
# An Apache Kafka of its own (KRaft, broker and controller in one process) on 127.0.0.1 and free ports. `fetch` gets its jars by Maven, once. `up` and `url` print
# where it is; its data, log, ports and pid are in $SERVICE_DIR, which `down --purge` removes. Other variables: KAFKA_PORT, KAFKA_LIBS (the folder of the jars), KAFKA_HEAP,
# KAFKA_CONF (more lines of server.properties), KAFKA_PROXIED_PORT and KAFKA_ADVERTISE (a second listener on the first of these ports, which tells clients to use the
# second one, where a proxy is), MVN_ARGS, SERVICE_OWNER (a pid: when that process is gone, the server goes, too).
set -eu
. "$(dirname "$0")/server.sh"
ours="kafka.Kafka $dir/server.properties"
here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$here/kafka/pom.xml")
libs=${KAFKA_LIBS:-${XDG_CACHE_HOME:-$HOME/.cache}/millrace/kafka-$version-$(cksum < "$here/kafka/pom.xml" | cut -d' ' -f1)}
heap=${KAFKA_HEAP:-256m}

is_installed() { [ -f "$libs/.complete" ] && command -v java > /dev/null; }
print_url() { echo "127.0.0.1:$(port)"; }

fetch() {
  [ ! -f "$libs/.complete" ] || return 0
  rm -rf "$libs.part"
  # Not on stdout, which is for the URL.
  mvn -q -B -f "$here/kafka/pom.xml" ${MVN_ARGS:-} org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$libs.part" >&2
  touch "$libs.part/.complete"
  rm -rf "$libs"
  mv "$libs.part" "$libs"
}

create() {
  port=${KAFKA_PORT:-$(free_port)}
  controller=$(free_port)
  echo "$port" > "$dir/port"
  proxied=
  advertised=
  if [ -n "${KAFKA_ADVERTISE:-}" ]; then
    proxied=",PROXIED://127.0.0.1:$KAFKA_PROXIED_PORT"
    advertised=",PROXIED://127.0.0.1:$KAFKA_ADVERTISE"
  fi
  cat > "$dir/server.properties" << CONF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller$proxied
advertised.listeners=PLAINTEXT://127.0.0.1:$port$advertised
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT
log.dirs=$dir/data
num.partitions=4
default.replication.factor=1
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
# Who is killed holds its partitions until then.
group.min.session.timeout.ms=1000
# A broker that was killed is let in again only after this.
broker.heartbeat.interval.ms=300
broker.session.timeout.ms=1500
log.cleaner.dedupe.buffer.size=16777216
${KAFKA_CONF:-}
CONF
  java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$libs/*" kafka.tools.StorageTool format \
    -t MkU3OEVBNTcwNTJENDM2Qg -c "$dir/server.properties" > "$dir/format.log" 2>&1 || fail "$dir/format.log"
}

# Its port is open before it answers: the request is ApiVersions.
answers() {
  (exec 3<> "/dev/tcp/127.0.0.1/$(port)" && printf '\0\0\0\x0b\0\x12\0\0\0\0\0\x01\0\x01x' >&3 \
    && [ "$(timeout 2 head -c 4 <&3 | wc -c)" = 4 ]) 2> /dev/null
}

launch() {
  setsid java "-Xms$heap" "-Xmx$heap" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:+ExitOnOutOfMemoryError -Djava.awt.headless=true -Djava.net.preferIPv4Stack=true \
    -Dorg.slf4j.simpleLogger.defaultLogLevel=info -Dorg.slf4j.simpleLogger.log.state.change.logger=warn \
    -cp "$libs/*" kafka.Kafka "$dir/server.properties" >> "$dir/log" 2>&1 < /dev/null &
  echo $! > "$dir/pid"
  wait_until answers $!
}

case ${1:-} in
  fetch) fetch ;;
  read) exec java -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=error -cp "$libs/*" org.apache.kafka.tools.consumer.ConsoleConsumer "${@:2}" ;;
  *) control "$@" ;;
esac
